"""Classes with validators, converters and slots; copies, dictionaries, pickles; the source of a generated method."""

import inspect
import pickle

import attr
from attrs import asdict, define, evolve, field, validators


@define(frozen=True, order=True)
class Fish:
    name: str = field(validator=validators.min_len(1))
    kilos: float = field(converter=float, default=1)
    tags: list[str] = field(factory=list, repr=False, eq=False)


@define
class Tank:
    fish: list[Fish]


def facts():
    cod = Fish("cod", "1.5")
    try:
        Fish("")
    except ValueError as error:
        refused = str(error)
    try:
        cod.name = "other"
    except attr.exceptions.FrozenInstanceError as error:
        frozen = error.args
    return {
        "repr": repr(Tank([cod])),
        "dictionary": asdict(Tank([cod])),
        "evolved": evolve(cod, name="eel").name,
        "order": Fish("a") < Fish("b"),
        "slots": hasattr(cod, "__dict__"),
        "pickled": pickle.loads(pickle.dumps(Tank([cod]))) == Tank([cod]),
        "source": inspect.getsource(Fish.__init__).splitlines()[0],
        "own source": inspect.getsource(Tank).splitlines(),
        "refused": refused,
        "frozen": frozen,
    }
