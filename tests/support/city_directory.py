"""The entries of a city's directory: 39 units, 2,000 people, groups three deep, and everybody whose entry is odd."""

import base64
from collections.abc import Iterator
from typing import Final

from seeds.plan.units import phase_one
from tests.support.slapd import PASSWORD, SEARCH_DN, SUFFIX

PEOPLE: Final = f"ou=people,{SUFFIX}"
GROUPS: Final = f"ou=groups,{SUFFIX}"
FAMILIES: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN: Final = ("伟", "芳", "秀英", "国强", "建华", "丽", "海燕", "志明", "晓东", "文静")

EDITOR: Final = "chenjie"
"""In 公安局, by three groups an editor."""
ODD: Final = {
    "comma": 'Zhang, Wei "the elder"',
    "quote": "O'Brien; #1 <a+b=c>",
    "slash": "Back\\slash (star*)",
    "hanzi": "欧阳 修",
    "emoji": "李娜 😀🌈",
}
"""User name by full name of those whose names are hard to write; each lies below their full name, not the user name."""


def entry(dn: str, **values: str | list[str]) -> str:
    """An entry as LDIF, everything in base64 so that nothing needs escapes of its own."""
    lines = [f"dn:: {_coded(dn)}"]
    for name, given in values.items():
        lines += [f"{name}:: {_coded(one)}" for one in (given if isinstance(given, list) else [given])]
    return "\n".join(lines) + "\n\n"


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def escaped(value: str) -> str:
    """A value within a distinguished name, as RFC 4514 writes it with single escapes."""
    text = "".join(f"\\{char}" if char in ',+"\\<>;=' else char for char in value)
    return f"\\{text}" if text[:1] in ("#", " ") else text


def person(uid: str, unit: str, *, cn: str = "", rdn: str = "", **more: str | list[str]) -> str:
    """Somebody of a unit."""
    full = cn or uid
    rdn = rdn or f"uid={escaped(uid)}"
    classes = ["inetOrgPerson", *(["shadowAccount"] if "shadowExpire" in more else [])]
    classes += ["extensibleObject"] if "memberOf" in more else []
    values: dict[str, str | list[str]] = {
        "objectClass": classes, "uid": uid, "cn": full, "sn": full[:1], "givenName": full[1:] or full,
        "mail": f"{uid}@caihong.lyg", "userPassword": PASSWORD, "employeeType": "internal",
    }  # fmt: skip
    return entry(f"{rdn},ou={unit},{PEOPLE}", **(values | more))


def dn_of(uid: str, unit: str) -> str:
    """Where somebody is whose entry is named by the user name."""
    return f"uid={uid},ou={unit},{PEOPLE}"


def group(name: str, *members: str, unique: bool = False, below: str = GROUPS, above: str = "") -> str:
    """A group of people and groups, by their distinguished names; it may name one that it is itself in, `above`."""
    kind, attribute = ("groupOfUniqueNames", "uniqueMember") if unique else ("groupOfNames", "member")
    named: dict[str, str | list[str]] = {"memberOf": above} if above else {}
    classes = [kind, *(["extensibleObject"] if above else [])]
    return entry(f"cn={escaped(name)},{below}", objectClass=classes, cn=name, **{attribute: list(members)}, **named)


def base() -> Iterator[str]:
    """The top of the directory and the account that searches."""
    yield entry(SUFFIX, objectClass=["dcObject", "organization"], dc="caihong", o="连云港市")
    yield entry(
        SEARCH_DN, objectClass=["organizationalRole", "simpleSecurityObject"], cn="console", userPassword=PASSWORD
    )
    for name in ("people", "groups"):
        yield entry(f"ou={name},{SUFFIX}", objectClass="organizationalUnit", ou=name)


def few() -> Iterator[str]:
    """A directory of one unit and one person."""
    yield from base()
    yield entry(f"ou=公安局,{PEOPLE}", objectClass="organizationalUnit", ou="公安局")
    yield person(EDITOR, "公安局", cn="陈洁")


def city(count: int = 2_000) -> Iterator[str]:
    """The whole directory as LDIF, entry by entry."""
    yield from base()
    units = phase_one()
    # one unit is called otherwise in the directory than in the console
    for unit in (*units, "市委办公厅（旧）"):
        yield entry(f"ou={unit},{PEOPLE}", objectClass="organizationalUnit", ou=unit)
    for number in range(count):
        name = FAMILIES[number % len(FAMILIES)] + GIVEN[number // len(FAMILIES) % len(GIVEN)]
        yield person(f"u{number:05d}", units[number % len(units)], cn=name)
    for uid, full in ODD.items():
        yield person(uid, "统计局", cn=full, rdn=f"cn={escaped(full)}")
    yield person(EDITOR, "公安局", cn="陈洁", employeeType="secret")
    yield person("moved", "市委办公厅（旧）", cn="高远", employeeType="top of the world")
    yield person("shared1", "旅游局", cn="周一", mail="office@caihong.lyg")
    yield person("shared2", "旅游局", cn="周二", mail="office@caihong.lyg")
    yield person("nomail", "旅游局", cn="周三", mail=[])
    yield person("twice", "公安局", cn="重名")
    yield person("twice", "统计局", cn="重名")
    yield person("expired", "公安局", cn="过期", shadowExpire="1")
    yield person("locked", "公安局", cn="锁定", pwdAccountLockedTime="000001010000Z")
    yield person("admin", "公安局", cn="冒名")
    yield person("breakglass", "公安局", cn="冒名")
    yield from groups()


def groups() -> Iterator[str]:
    """Groups three deep, one of them in a circle, one with a hard name, and one that nobody has a rule for."""
    yield group("信息员", f"cn=市直信息员,{GROUPS}")
    yield group("市直信息员", f"cn=公检法信息员,{GROUPS}", f"cn=信息员,{GROUPS}")
    yield group("公检法信息员", dn_of(EDITOR, "公安局"), unique=True)
    hard = f"cn={escaped(ODD['comma'])},ou=统计局,{PEOPLE}"
    yield group(
        'Readers, "all"', hard, f"cn={escaped(ODD['emoji'])},ou=统计局,{PEOPLE}", dn_of("u00001", phase_one()[1])
    )
    yield group("食堂", dn_of(EDITOR, "公安局"))
