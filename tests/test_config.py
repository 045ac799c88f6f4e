"""Settings come from the environment alone, and say what is wrong with it."""

import stat
from pathlib import Path

import pytest

from config import CEILINGS, DEMO_PASSWORD, Settings, SettingsError

KEY = "k" * 32


def read(data: Path, **values: str) -> Settings:
    return Settings.from_env({"RAINBOW_DATA": str(data), **values})


def test_an_empty_environment_gives_a_console_for_one_machine() -> None:
    settings = Settings.from_env({})
    assert settings.data == Path.cwd() / "var"
    assert settings.database_url == f"sqlite:///{Path.cwd()}/var/console.sqlite"
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert (settings.language, settings.time_zone, settings.ceiling) == ("zh", "Asia/Shanghai", "internal")
    assert (settings.max_upload_mb, settings.idle_hours, settings.demo) == (50, 8, False)
    assert settings.demo_password == DEMO_PASSWORD


def test_reading_settings_outside_demo_mode_writes_nothing(tmp_path: Path) -> None:
    read(tmp_path / "data")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_way_to_name_postgresql_leads_to_the_same_driver(tmp_path: Path, scheme: str) -> None:
    settings = read(tmp_path, DATABASE_URL=f"{scheme}://console:secret@127.0.0.1:5432/console")
    assert settings.database_url == "postgresql+psycopg://console:secret@127.0.0.1:5432/console"
    assert not settings.on_sqlite


def test_a_named_sqlite_file_is_kept(tmp_path: Path) -> None:
    settings = read(tmp_path, DATABASE_URL=f"sqlite:///{tmp_path}/other.sqlite")
    assert settings.database_url == f"sqlite:///{tmp_path}/other.sqlite"
    assert settings.on_sqlite


@pytest.mark.parametrize("ceiling", CEILINGS)
def test_each_classification_can_be_the_ceiling(tmp_path: Path, ceiling: str) -> None:
    assert read(tmp_path, RAINBOW_CEILING=ceiling).ceiling == ceiling


@pytest.mark.parametrize("text", ["1", "true", "YES", " on "])
def test_demo_mode_is_switched_on_in_the_usual_words(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, RAINBOW_DEMO=text).demo


@pytest.mark.parametrize("text", ["", "0", "false", "No", "off"])
def test_demo_mode_is_switched_off_in_the_usual_words(tmp_path: Path, text: str) -> None:
    assert not read(tmp_path, RAINBOW_DEMO=text).demo


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("PORT", "http", "from 0 to 65535"),
        ("PORT", "65536", "from 0 to 65535"),
        ("PORT", "-1", "from 0 to 65535"),
        ("PORT", "８０８０", "from 0 to 65535"),  # full-width digits of a Chinese keyboard
        ("PORT", "9" * 5000, "from 0 to 65535"),
        ("RAINBOW_DEMO", "maybe", "1 or 0"),
        ("RAINBOW_CEILING", "cosmic", "public, internal, secret, confidential, top_secret"),
        ("RAINBOW_LANGUAGE", "fr", "zh, en"),
        ("RAINBOW_TIME_ZONE", "Asia/Lianyungang", "Asia/Shanghai"),
        ("RAINBOW_TIME_ZONE", "../../etc/passwd", "Asia/Shanghai"),
        ("RAINBOW_MAX_UPLOAD_MB", "0", "from 1 to 2048"),
        ("RAINBOW_WORKERS", "two", "from 1 to 64"),
        ("RAINBOW_THREADS", "1.5", "from 1 to 256"),
        ("RAINBOW_LOG_LEVEL", "loud", "debug, info, warning, error"),
        ("RAINBOW_IDLE_HOURS", "0", "from 1 to 720"),
        ("DATABASE_URL", "mysql://localhost/console", "sqlite:///path/to/file or postgresql://"),
        ("DATABASE_URL", "sqlite://", "sqlite:///path/to/file or postgresql://"),
        ("DATABASE_URL", "console.sqlite", "sqlite:///path/to/file or postgresql://"),
        ("SECRET_KEY_FILE", "/nowhere/key", "cannot be read"),
    ],
)
def test_a_bad_value_is_refused_with_its_name_and_what_is_allowed(
    tmp_path: Path, name: str, value: str, remedy: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, **{name: value})
    assert name in str(refused.value)
    assert remedy in str(refused.value)


def test_a_refused_database_address_does_not_repeat_its_password(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, DATABASE_URL="mysql://console:hunter2@127.0.0.1/console")
    assert "hunter2" not in str(refused.value)


def test_settings_do_not_print_their_secrets(tmp_path: Path) -> None:
    shown = repr(read(tmp_path, SECRET_KEY=KEY, DATABASE_URL="postgresql://console:hunter2@127.0.0.1/console"))
    assert KEY not in shown
    assert "hunter2" not in shown


def test_the_key_can_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    assert read(tmp_path, SECRET_KEY_FILE=str(tmp_path / "key")).secret_key == KEY


def test_an_empty_key_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n")
    with pytest.raises(SettingsError, match="which is empty"):
        read(tmp_path, SECRET_KEY_FILE=str(tmp_path / "key"))


def test_two_keys_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="both set"):
        read(tmp_path, SECRET_KEY=KEY, SECRET_KEY_FILE="key")


def test_serving_needs_a_key_outside_demo_mode(tmp_path: Path) -> None:
    (problem,) = read(tmp_path).problems_for_serving()
    assert "SECRET_KEY" in problem
    assert "RAINBOW_DEMO=1" in problem


def test_serving_needs_a_key_of_some_length(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, SECRET_KEY="short").problems_for_serving()
    assert "at least 32" in problem


def test_serving_is_possible_with_a_key_or_in_demo_mode(tmp_path: Path) -> None:
    assert read(tmp_path, SECRET_KEY=KEY).problems_for_serving() == []
    assert read(tmp_path, RAINBOW_DEMO="1").problems_for_serving() == []


def test_demo_mode_keeps_one_random_key_that_only_its_owner_can_read(tmp_path: Path) -> None:
    first = read(tmp_path / "data", RAINBOW_DEMO="1")
    again = read(tmp_path / "data", RAINBOW_DEMO="1")
    other = read(tmp_path / "other", RAINBOW_DEMO="1")
    assert first.secret_key == again.secret_key != other.secret_key
    assert len(first.secret_key) >= 32
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret.key"]
    assert stat.S_IMODE((tmp_path / "data" / "secret.key").stat().st_mode) == 0o600


def test_a_data_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(SettingsError, match="RAINBOW_DATA"):
        read(tmp_path / "data", RAINBOW_DEMO="1")


LDAP = {
    "RAINBOW_LDAP_URLS": "ldaps://one.city.gov ldap://two.city.gov:1389",
    "RAINBOW_LDAP_BASE": "ou=people,dc=city,dc=gov",
    "RAINBOW_LDAP_BIND_DN": "cn=console,dc=city,dc=gov",
    "RAINBOW_LDAP_BIND_PASSWORD": "hunter2",
}


def test_without_servers_there_is_no_directory(tmp_path: Path) -> None:
    assert read(tmp_path, RAINBOW_LDAP_BASE="ou=people").directory is None


@pytest.mark.parametrize(
    ("layout", "name", "groups"), [("openldap", "uid", "member"), ("active-directory", "sAMAccountName", "in-chain")]
)
def test_the_layout_of_the_directory_gives_the_defaults(tmp_path: Path, layout: str, name: str, groups: str) -> None:
    found = read(tmp_path, **LDAP, RAINBOW_LDAP_LAYOUT=layout).directory
    assert found is not None
    assert found.urls == ("ldaps://one.city.gov", "ldap://two.city.gov:1389")
    assert (found.name, found.groups, found.unit, found.without_tls) == (name, groups, "ou", False)
    assert found.group_base == found.base


def test_the_directorys_password_comes_from_a_file_and_is_not_printed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2\n")
    values = LDAP | {"RAINBOW_LDAP_BIND_PASSWORD": "", "RAINBOW_LDAP_BIND_PASSWORD_FILE": str(tmp_path / "secret")}
    settings = read(tmp_path, **values)
    assert settings.directory is not None
    assert settings.directory.bind_password == "hunter2"
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("changed", "remedy"),
    [
        ({"RAINBOW_LDAP_URLS": "http://one.city.gov"}, "Use ldaps://host or ldap://host"),
        ({"RAINBOW_LDAP_URLS": "ldaps://one/?x"}, "Use ldaps://host or ldap://host"),
        ({"RAINBOW_LDAP_WITHOUT_TLS": "1"}, "say in as many words passwords-may-be-read-on-the-wire"),
        ({"RAINBOW_LDAP_BASE": ""}, "RAINBOW_LDAP_BASE is not set"),
        ({"RAINBOW_LDAP_BIND_DN": ""}, "Neither RAINBOW_LDAP_BIND_DN nor RAINBOW_LDAP_DIRECT"),
        ({"RAINBOW_LDAP_BIND_PASSWORD": ""}, "RAINBOW_LDAP_BIND_DN has no password"),
        ({"RAINBOW_LDAP_BIND_PASSWORD_FILE": "/x"}, "both set"),
        ({"RAINBOW_LDAP_DIRECT": "uid=%s"}, "{} once"),
        ({"RAINBOW_LDAP_LAYOUT": "novell"}, "openldap, active-directory"),
        ({"RAINBOW_LDAP_GROUPS": "all"}, "member, memberof, in-chain"),
        ({"RAINBOW_LDAP_CA_FILE": "/nowhere/ca.pem"}, "there is no file"),
        ({"RAINBOW_LDAP_SECONDS": "0"}, "from 1 to 120"),
        ({"RAINBOW_LDAP_MOST_GONE": "101"}, "from 0 to 100"),
    ],
)
def test_a_bad_setting_of_the_directory_is_refused_with_the_remedy(
    tmp_path: Path, changed: dict[str, str], remedy: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, **(LDAP | changed))
    assert remedy in str(refused.value)
    assert "hunter2" not in str(refused.value)
