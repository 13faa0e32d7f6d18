"""Nested models with validators read JSON; what is wrong, and where; settings; the JSON Schema of a model."""

import os
from datetime import date
from enum import Enum
from typing import Generic, Literal, TypeVar

from pydantic import BaseModel, BaseSettings, Field, HttpUrl, ValidationError, conint, validator
from pydantic.generics import GenericModel

T = TypeVar("T")


class Kind(str, Enum):
    sea = "sea"
    river = "river"


class Fish(BaseModel):
    name: str = Field(..., min_length=2, description="as people call it")
    kind: Kind = Kind.sea
    caught: date | None = None
    link: HttpUrl | None = None

    @validator("name")
    def title(cls, value):
        return value.title()


class Page(GenericModel, Generic[T]):
    items: list[T]
    state: Literal["more", "end"] = "end"
    limit: conint(ge=1, le=10) = 10


class Settings(BaseSettings):
    depth: int = 1

    class Config:
        env_prefix = "SEA_"


def facts():
    page = Page[Fish].parse_raw('{"items": [{"name": "cod", "caught": "2024-02-29", "link": "https://é.example/"}]}')
    try:
        Page[Fish].parse_obj({"items": [{"name": "c", "kind": "sky"}], "limit": 11})
    except ValidationError as error:
        wrong = [[list(item["loc"]), item["msg"]] for item in error.errors()]
    os.environ["SEA_DEPTH"] = "11000"
    return {
        "json": page.json(exclude_none=True, ensure_ascii=False),
        "wrong": wrong,
        "schema": Fish.schema()["properties"]["name"],
        "definitions": sorted(Page[Fish].schema()["definitions"]),
        "settings": Settings().depth,
        "host": page.items[0].link.host,
    }
