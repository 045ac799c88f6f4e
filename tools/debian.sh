#!/usr/bin/env bash
# Sees to the programs that come from the operating system. As root on Debian and its kin they are installed;
# otherwise one line names what is missing. What is there already is left alone.
#     tools/debian.sh venv            what `make run` needs
#     tools/debian.sh venv tests      what `make test` needs as well
set -euo pipefail

packages=()

need_venv() {
    # Debian splits this part of Python off into a package of its own.
    "${PYTHON:-python3}" -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)
}

need_tests() {
    command -v chromium >/dev/null || command -v google-chrome >/dev/null || packages+=(chromium)
    command -v chromedriver >/dev/null || packages+=(chromium-driver)
    command -v redis-server >/dev/null || packages+=(redis-server)
    command -v postgres >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || packages+=(postgresql)
    command -v redis-server >/dev/null || packages+=(redis-server)
    [ -x /usr/sbin/slapd ] || command -v slapd >/dev/null || packages+=(slapd ldap-utils)
    command -v soffice >/dev/null || packages+=(libreoffice-calc)
    if [ "$(uname -s)" = Linux ]; then
        # Without a Chinese font every picture shows boxes, and widths on the page are not the real ones.
        [ -n "$(fc-list :lang=zh-cn family 2>/dev/null)" ] || packages+=(fontconfig fonts-noto-cjk)
    fi
}

for group in "$@"; do
    "need_$group"
done
[ ${#packages[@]} -gt 0 ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing ${packages[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q
    # RUNLEVEL=1 keeps a server that is installed for the tests alone from being started as a service.
    RUNLEVEL=1 apt-get install -q -y --no-install-recommends "${packages[@]}"
else
    echo "Missing from this machine: ${packages[*]}. Install them as root: apt-get install ${packages[*]}" >&2
    exit 1
fi
