import os
from datetime import date
from enum import Enum
from typing import List, Optional

from fastapi import BackgroundTasks, Depends, FastAPI, File, Form, HTTPException, Query, Request, UploadFile
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

app = FastAPI(title="Shop")
app.add_middleware(CORSMiddleware, allow_origins=["https://shop.example"])


class Size(str, Enum):
    small = "small"
    large = "large"


class Item(BaseModel):
    name: str = Field(min_length=2)
    price: float = Field(gt=0)
    size: Size = Size.small
    tags: List[str] = []
    until: Optional[date] = None


def sync_dependency(token: str = Query("none")):
    return token


async def dependency(token: str = Query("none")):
    return token


@app.get("/")
async def index(name: str = "wörld"):
    return {"hello": name}


@app.get("/sync/{number}")
def sync(number: int, token: str = Depends(sync_dependency)):
    return {"number": number, "token": token}


@app.get("/items/{number}", response_model=Item)
async def item(number: int, request: Request, token: str = Depends(dependency)):
    if number > 9:
        raise HTTPException(404, detail={"number": number, "url": str(request.url), "token": token})
    return Item(name="ham", price=number, until=date(2026, 1, 2))


@app.post("/items", status_code=201)
async def create(item: Item):
    return {"item": item, "total": item.price * 2}


@app.post("/upload")
async def upload(note: str = Form(), file: UploadFile = File()):
    return {"name": file.filename, "size": len(await file.read()), "note": note}


@app.get("/background")
async def background(tasks: BackgroundTasks):
    async def later():
        app.state.later = True

    tasks.add_task(later)
    return "soon"


@app.get("/error")
async def error():
    raise LookupError("on purpose")


@app.get("/environ", response_class=PlainTextResponse)
async def environ(request: Request):
    return repr(request.scope) + repr(sorted(os.environ.items()))
