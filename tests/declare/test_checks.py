"""Bad declarations stop the boot: each fault by its id, with the class, the field and what to do."""

import json
import subprocess
import sys

import pytest

from tests.support.places import ROOT

# One process for all: each class is mapped for good where it is declared.
SCRIPT = """
import json
from datetime import date
from decimal import Decimal
from app.catalog import Catalog
from app.declare import *
from app.declare import _l

class Role(Roles):
    EDITOR = "editor", "Editor"
    KEEPER = "keeper", "Keeper", Apart.KEPT

class State(Choices):
    OPEN = "open", "Open"
    SHUT = "shut", "Shut"

class Other(Choices):
    ELSE = "else", "Else"

MENU = Menu("Menu")
ALL = (Grant(Role.EDITOR, WRITE, EVERYWHERE),)
found = {}

def case(name, build, *with_models):
    try:
        model = build()
        Catalog([*with_models, *(model if isinstance(model, tuple) else (model,))])
        found[name] = []
    except DeclarationError as error:
        found[name] = [str(problem) for problem in error.problems]

def make(table, body, annotations, grants=ALL, **screen):
    return type(table.title(), (Record,), {
        "__tablename__": table, "__annotations__": annotations, "__module__": __name__,
        "screen": Screen(title=table, menu=MENU, grants=grants, **screen), **body,
    })

def table_missing():
    return type("NoTable", (Record,), {"screen": None, "__module__": __name__})

class Unit(Record):
    __tablename__ = "t_unit"
    name: Mapped[Title] = field("Name", KEY)
    screen = Screen(title="Units", menu=MENU, grants=ALL)

class Yard(Record):
    __tablename__ = "t_yard"
    name: Mapped[Title] = field("Name", KEY)
    screen = Screen(title="Yards", menu=MENU, grants=ALL)

def line(): return field("Line")

case("RN001", table_missing)
case("RN002", lambda: make("t_a", {"code": field("Code", KEY)}, {}))
case("RN003", lambda: make("t_b", {"code": field("Code")}, {"code": Mapped[dict]}))
case("RN101", lambda: (Unit, Unit))
case("RN102", lambda: make("t_c", {"unit": ref(Unit, "Unit"), "x": line()}, {"unit": Mapped[Unit], "x": Mapped[Title]}))
case("RN110", lambda: make("t_d", {"order": line()}, {"order": Mapped[Title]}))
case("RN111", lambda: make("t_e", {"x": field("X", READONLY, default="a")}, {"x": Mapped[Title]}))
case("RN112", lambda: make("t_bin", {"deleted_by": line()}, {"deleted_by": Mapped[Title]}, trash=True))
case("RN120", lambda: make("t_f", {"x": field("X", KEY)}, {"x": Mapped[Title | None]}))
case("RN121", lambda: make("t_g", {"x": field("X", SEARCH)}, {"x": Mapped[date]}))
source = line()
case("RN123", lambda: make("t_h", {"a": source, "b": field("B", derived=Derived(source, len))},
                           {"a": Mapped[Title], "b": Mapped[int | None]}))
case("RN124", lambda: make("t_i", {"a": line(), "b": field("B", READONLY)}, {"a": Mapped[Title], "b": Mapped[Title]}))
case("RN125", lambda: make("t_j", {"a": line(), "u": owner(Unit, "U"), "v": owner(Unit, "V")},
                           {"a": Mapped[Title], "u": Mapped[Unit], "v": Mapped[Unit]}), Unit)
case("RN126", lambda: (make("t_k", {"a": line(), "u": owner(Unit, "U")}, {"a": Mapped[Title], "u": Mapped[Unit]}),
                       make("t_l", {"a": line(), "y": owner(Yard, "Y")}, {"a": Mapped[Title], "y": Mapped[Yard]})),
     Unit, Yard)
case("RN127", lambda: make("t_m", {"a": field("A", MASKED)}, {"a": Mapped[Title]}))
stray, first, second = line(), line(), line()
stray.name = "stray"
case("RN130", lambda: make("t_n", {"a": first}, {"a": Mapped[Title]}, form=(Section("S", first, stray),)))
case("RN131", lambda: make("t_o", {"b": second}, {"b": Mapped[Title]},
                           form=(Section("S", second), Section("T", second))))
third, fourth = line(), line()
case("RN132", lambda: make("t_p", {"a": third, "b": fourth}, {"a": Mapped[Title], "b": Mapped[Title]},
                           form=(Section("S", third),)))
case("RN140", lambda: make("t_q", {"a": line()}, {"a": Mapped[Title]}, grants=()))
case("RN141", lambda: make("t_r", {"a": line()}, {"a": Mapped[Title]}, grants=(Grant(Role.EDITOR, READ, OWN_UNIT),)))
mine = line()
case("RN142", lambda: make("t_s", {"a": mine}, {"a": Mapped[Title]}, grants=(Grant(Role.EDITOR, READ, Mine(mine)),)))
case("RN143", lambda: make("t_t", {"a": line()}, {"a": Mapped[Title]},
                           grants=(Grant(Role.EDITOR, READ, Only(stray, State.OPEN)),)))
state = field("State", default=State.OPEN)
case("RN144", lambda: make("t_u", {"a": line(), "s": state}, {"a": Mapped[Title], "s": Mapped[State]},
                           grants=(Grant(Role.EDITOR, READ, Only(state, Other.ELSE)),)))
case("RN145", lambda: make("t_v", {"a": line()}, {"a": Mapped[Title]},
                           grants=(Grant(Role.EDITOR, WRITE, EVERYWHERE, fields=(stray,)),)))
case("RN146", lambda: make("t_office", {"a": line()}, {"a": Mapped[Title]},
                           grants=(Grant(Role.KEEPER, READ, EVERYWHERE),)))
case("RN150", lambda: make("t_w", {"a": line()}, {"a": Mapped[Title]}, order=Order(stray)))
plain = line()
case("RN151", lambda: make("t_x", {"a": plain}, {"a": Mapped[Title]}, workflow=Workflow(plain)))
flow = field("State", default=State.OPEN)
case("RN152", lambda: make("t_y", {"a": line(), "s": flow}, {"a": Mapped[Title], "s": Mapped[State]},
                           workflow=Workflow(flow, Step("Go", State.OPEN, Other.ELSE, by=Role.EDITOR))))
case("none", lambda: make("t_z", {"a": field("A", KEY, LIST, SEARCH), "u": owner(Unit, "U", LIST, FILTER)},
                          {"a": Mapped[Code], "u": Mapped[Unit]}), Unit)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def problems() -> dict[str, list[str]]:
    """The faults that each bad declaration was answered with."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


IDS = [
    "RN001",
    "RN002",
    "RN003",
    "RN101",
    "RN102",
    "RN110",
    "RN111",
    "RN112",
    "RN120",
    "RN121",
    "RN123",
    "RN124",
    "RN125",
    "RN126",
    "RN127",
    "RN130",
    "RN131",
    "RN132",
    "RN140",
    "RN141",
    "RN142",
    "RN143",
    "RN144",
    "RN145",
    "RN150",
    "RN151",
    "RN152",
]


@pytest.mark.parametrize("fault", IDS)
def test_each_fault_is_named_with_its_place_and_remedy(problems: dict[str, list[str]], fault: str) -> None:
    told = [text for text in problems[fault] if text.startswith(fault)]
    assert told, problems[fault]
    place, _fault, remedy = told[0].split(" ", 1)[1].partition(". ")
    assert place
    assert remedy.endswith((".", "`.", ")."))


def test_a_sound_declaration_has_no_fault(problems: dict[str, list[str]]) -> None:
    assert problems["none"] == []
