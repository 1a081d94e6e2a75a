#!/usr/bin/env bash
# Usage: deploy/runtime.sh [DIR]
#
# Unpacks PostgreSQL 17, TimescaleDB (Apache edition) and mosquitto from Debian's
# suite trixie into DIR (default: .kawal/runtime), as root or not, on Debian 12 and 13.
# Nothing is installed: apt-get runs on folders of ours, and no package script runs.
# apt checks the signatures; DIR/MANIFEST says what was unpacked. Packages stay in
# KAWAL_CACHE_DIR (default: .kawal/cache/debs), so that a second run needs no network.
# KAWAL_DEBIAN_MIRROR names a mirror where the machine's own sources have none.
set -euo pipefail
export LC_ALL=C

readonly SUITE=trixie
readonly WANTED=(postgresql-17 postgresql-client-17 postgresql-17-timescaledb mosquitto tzdata)
# Of all that they depend on, the libraries are enough ...
KEPT="^(lib.*|zlib1g|$(IFS='|' && printf '%s' "${WANTED[*]}"))\$"
readonly KEPT
# ... but for those of the JIT compiler, of Perl and of the package scripts.
readonly UNUSED='^(libllvm|libz3|libperl|libdebconf|libsemanage|libpam-|libc-l10n|liblocale-|libfile-|libjson-|libipc-|libio-|libtext-|libterm-)'
readonly ELSEWHERE='Use the containers of deploy/compose.yaml instead, or set KAWAL_DATABASE_URL and
    KAWAL_BROKER_URL to a TimescaleDB and an MQTT broker that you already have.'

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
script=$checkout/deploy/$(basename "${BASH_SOURCE[0]}")
target=${1:-$checkout/.kawal/runtime}
cache=${KAWAL_CACHE_DIR:-$checkout/.kawal/cache/debs}
umask 022 # the servers may run as another user than the one who unpacks them

say() { printf '[%s/4] %s\n' "$1" "$2"; }

fail() {
    printf 'runtime: %s\n' "$@" >&2
    exit 1
}

check_machine() {
    local tool
    for tool in apt-get dpkg-deb; do
        command -v "$tool" >/dev/null ||
            fail "$tool is not here, and it takes Debian to unpack the servers." "$ELSEWHERE"
    done
    arch=$(dpkg --print-architecture)
    case $arch in
    amd64 | arm64) ;;
    *) fail "only amd64 and arm64 are supported, and this machine is $arch." "$ELSEWHERE" ;;
    esac
}

find_keyring() {
    local file
    for file in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
        if [[ -r $file ]]; then
            printf '%s' "$file"
            return
        fi
    done
    fail "Debian's keyring is missing, and nothing is unpacked unverified. As root, run:" \
        "    apt-get install debian-archive-keyring"
}

# Lines "URI release component" of the machine's own sources, as apt itself reads them.
own_sources() {
    # shellcheck disable=SC2016 # apt fills these in, not the shell
    apt-get indextargets --no-release-info -o APT::Get::IndexTargets::Filtered=false \
        --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null || true
}

debian_mirrors() {
    if [[ -n ${KAWAL_DEBIAN_MIRROR:-} ]]; then
        printf '%s\n' "$KAWAL_DEBIAN_MIRROR"
        return
    fi
    own_sources | awk '$3 == "main" && !seen[$1]++ &&
        $2 ~ /^(bullseye|bookworm|trixie|forky|oldstable|stable|testing|unstable|sid)$/ {print $1}'
}

security_mirror() {
    own_sources | awk '$3 == "main" && $2 ~ /-security$/ {print $1; exit}'
}

# An apt configuration that touches nothing of the machine's and trusts only Debian's keys.
write_apt_config() {
    mkdir -p "$work"/{lists,archives}/partial
    : >"$work/status"
    cat >"$work/apt.conf" <<CONF
#clear APT::Update;
#clear APT::Architectures;
#clear APT::Default-Release;
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
APT::Sandbox::User "";
APT::Install-Recommends "false";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
Debug::NoLocking "true";
Dir::State "$work";
Dir::State::lists "$work/lists";
Dir::State::status "$work/status";
Dir::Cache "$work";
Dir::Cache::archives "$work/archives";
Dir::Cache::pkgcache "$work/pkgcache.bin";
Dir::Cache::srcpkgcache "$work/srcpkgcache.bin";
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
CONF
}

apt() { apt-get -qq -c "$work/apt.conf" "$@"; }

# Security updates come first to a suite of their own; a mirror without it still serves.
update_from() {
    local mirror=$1 keyring=$2 security=$3 options
    options="[signed-by=$keyring target=Packages]"
    printf 'deb %s %s %s main\n' "$options" "$mirror" "$SUITE" >"$work/sources.list"
    if [[ -n $security ]]; then
        cp "$work/sources.list" "$work/plain.list"
        printf 'deb %s %s %s-security main\n' "$options" "$security" "$SUITE" \
            >>"$work/sources.list"
        apt update >>"$work/log" 2>&1 && return
        mv "$work/plain.list" "$work/sources.list"
    fi
    apt update >>"$work/log" 2>&1
}

read_package_lists() {
    local keyring mirrors mirror
    mirrors=$(debian_mirrors)
    [[ -n $mirrors ]] ||
        fail "this machine's apt sources name no Debian mirror: name one in KAWAL_DEBIAN_MIRROR." \
            "$ELSEWHERE"
    keyring=$(find_keyring)
    for mirror in $mirrors; do
        if update_from "$mirror" "$keyring" "$(security_mirror)" && plan; then
            return
        fi
    done
    cat "$work/log" >&2
    fail "no package list of Debian $SUITE could be read from: $mirrors" \
        "Is there a network, and does that mirror carry $SUITE? Then run the same command again."
}

# apt calls an unreachable mirror a mere warning, so ask for what we came for.
plan() { apt -s install "${WANTED[@]}" >"$work/plan" 2>>"$work/log"; }

# Names of the packages to unpack.
planned() {
    awk '$1 == "Inst" {sub(/:.*/, "", $2); print $2}' "$work/plan" |
        grep -E "$KEPT" | grep -vE "$UNUSED"
}

contents() { printf '# %s %s %s %s' "$SUITE" "$arch" "$KEPT" "$UNUSED"; }

cached() {
    [[ -r $cache/SHA256SUMS && $(head -n 1 "$cache/SHA256SUMS") == "$(contents)" ]] &&
        (cd "$cache" && sha256sum --quiet --check SHA256SUMS >/dev/null 2>&1)
}

fetch() {
    local list names
    say 1 "Reading the package lists of Debian $SUITE"
    write_apt_config
    read_package_lists
    list=$(planned)
    mapfile -t names <<<"$list"
    say 2 "Fetching ${#names[@]} packages (about 40 MB)"
    mkdir -p "$cache"
    # apt takes the checksums from the signed lists; files left by a broken run are reused.
    {
        contents
        printf '\n'
        apt download --print-uris "${names[@]}" | sed -E "s/.* ([^ ]+) [0-9]+ SHA256:(.*)/\2  \1/"
    } >"$work/SHA256SUMS"
    (cd "$cache" && apt download "${names[@]}") ||
        fail "the download broke off. Run the same command again; it goes on where it stopped."
    cp "$work/SHA256SUMS" "$cache/"
    cached || fail "a package in $cache is damaged. Remove that folder and run this again."
}

unpack() {
    local sum file
    say 3 "Unpacking into $target"
    rm -rf "$target.tmp"
    mkdir -p "$target.tmp"
    grep -v '^#' "$cache/SHA256SUMS" | while read -r sum file; do
        dpkg-deb --fsys-tarfile "$cache/$file" | tar -x -C "$target.tmp" --no-same-owner \
            --exclude='./etc' --exclude='./var' --exclude='./usr/share/doc' \
            --exclude='./usr/share/man' --exclude='./usr/share/locale' \
            --exclude='./usr/share/i18n' --exclude='./usr/share/lintian' \
            --exclude='./usr/lib/systemd' --exclude='*/gconv' --exclude='*/bitcode' \
            --exclude='*/llvmjit*'
        # shellcheck disable=SC2016 # dpkg-deb fills these in
        printf '%s %s\n' "$(dpkg-deb --show --showformat='${Package} ${Version}' "$cache/$file")" \
            "$sum" >>"$target.tmp/MANIFEST"
    done
}

# PROGRAM runs under the C library unpacked beside it, so that the machine's does not matter.
# Written relative to itself: the folder may be moved.
wrap() {
    local program=$1 up=$2
    mv "$program" "$program.real"
    cat >"$program" <<SH
#!/bin/sh
lib="\${0%/*}/$up/$libraries"
exec "\$lib/$loader" --inhibit-cache --library-path "\$lib" --argv0 "\$0" "\$0.real" "\$@"
SH
    chmod 755 "$program"
}

# Debian's PostgreSQL reads time zones from /usr/share/zoneinfo, which slim machines lack
# and no setting moves. The servers start in a folder whose ../zoneinfo is ours (db/server.py).
use_own_timezones() {
    local postgres=$1 was=/usr/share/zoneinfo now=../zoneinfo size
    size=$(stat -c %s "$postgres")
    sed -i "s#\\x00$was\\x00#\\x00$now\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00#" "$postgres"
    if [[ $(stat -c %s "$postgres") != "$size" ]] || ! grep -qaP "\\x00$now\\x00" "$postgres"; then
        fail "this build of PostgreSQL keeps its time zones elsewhere; please report it."
    fi
}

wrap_programs() {
    local libc program
    libc=$(echo "$target.tmp"/usr/lib/*-linux-gnu/libc.so.6)
    libraries=${libc#"$target.tmp"/}
    libraries=${libraries%/*}
    loader=$(basename "$target.tmp/$libraries"/ld-linux-*.so.*)
    for program in "$target.tmp"/usr/lib/postgresql/17/bin/*; do
        if [[ $(head -c 4 "$program") == $'\x7fELF' ]]; then wrap "$program" ../../../../..; fi
    done
    wrap "$target.tmp/usr/sbin/mosquitto" ../..
    wrap "$target.tmp/usr/bin/mosquitto_passwd" ../..
    use_own_timezones "$target.tmp/usr/lib/postgresql/17/bin/postgres.real"
}

# Every library must come out of the unpacked tree, or the machine's would slip in.
check_libraries() {
    local lib=$target.tmp/$libraries file foreign
    for file in "$target.tmp"/usr/{lib/postgresql/17/bin,bin,sbin}/*.real \
        "$target.tmp"/usr/lib/postgresql/17/lib/{timescaledb*,plpgsql}.so; do
        foreign=$("$lib/$loader" --inhibit-cache --library-path "$lib" --list "$file" |
            grep -vF -e "$lib/" -e linux-vdso || true)
        [[ -z $foreign ]] || fail "$(basename "$file") lacks libraries:" "$foreign"
    done
}

check_programs() {
    local usage
    "$target.tmp/usr/lib/postgresql/17/bin/postgres" --version
    usage=$("$target.tmp/usr/sbin/mosquitto" -h || true) # it prints its version and exits 1
    grep '^mosquitto version' <<<"$usage"
}

put_in_place() {
    printf '%s\n' "$stamp" >"$target.tmp/STAMP"
    rm -rf "$target.old"
    if [[ -e $target ]]; then mv "$target" "$target.old"; fi
    mv "$target.tmp" "$target"
    rm -rf "$target.old"
}

complete() { [[ -r $target/STAMP && $(cat "$target/STAMP") == "$stamp" ]]; }

check_machine
stamp=$(sha256sum <"$script" | cut -d' ' -f1)
if complete; then exit 0; fi
mkdir -p "$(dirname "$target")"
target=$(cd "$(dirname "$target")" && pwd)/$(basename "$target")
# The loader takes its list of folders apart at colons.
if [[ $target == *:* ]]; then fail "the path $target has a colon in it; name another."; fi
exec 9>"$target.lock"
flock 9 # a second run waits for the first, and then finds its work done
if complete; then exit 0; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if cached; then
    say 2 "Using the packages in $cache"
else
    fetch
fi
unpack
wrap_programs
say 4 "Checking that the programs run"
check_libraries
check_programs
put_in_place
