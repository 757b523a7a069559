# The parts that the scripts share, which are timed steps, one clear sentence for a failure, and the choice of one Rust
# toolchain. Sourced by the scripts beside it, never run.
# shellcheck shell=bash

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# Everything compiled stays outside the clone, so that another clone and the next run find it again.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/iutsai
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}

# All members for this machine are compiled in one go, and always together, because cargo settles the dependencies'
# features for all members named together, so that building, linting and testing share the results. The frontend is for
# the browser alone.
# shellcheck disable=SC2034 # for the scripts that source this
members=(--locked --release --workspace --exclude frontend)

# The directory that script/build makes and script/server runs, with the program and the site beside it.
dist=$root/target/iutsai

rust_minimum=96 # of Rust 1.x: the oldest that is tried

announce() { printf '\n==> %s\n' "$*"; }

# One clear sentence that names the mend, then the end.
fail() {
    printf '\nerror: %s\n' "$*" >&2
    exit 1
}

# step TITLE announces the next commands, and records the time of the last ones for the split.
step() {
    end_step
    current_step=$1 step_began=$SECONDS
    announce "$1"
}

end_step() {
    [[ ${current_step-} ]] || return 0
    printf '%6d s  %s\n' $((SECONDS - step_began)) "$current_step" >>"$IUTSAI_SPLIT"
    current_step=
}

# Prints the split. The scripts that a script calls write into the same one, and the outermost prints it, however it ends.
print_split() {
    end_step
    [[ ${split_is_mine-} ]] || return 0
    if [[ -s $IUTSAI_SPLIT ]]; then
        printf '\nTime taken (%d s in all):\n' "$SECONDS"
        cat "$IUTSAI_SPLIT"
    fi
    rm -f "$IUTSAI_SPLIT"
}
if [[ -z ${IUTSAI_SPLIT-} ]]; then
    IUTSAI_SPLIT=$(mktemp)
    export IUTSAI_SPLIT
    split_is_mine=yes
fi
trap print_split EXIT

# --- the toolchain: one for the server and the browser -------------------------------------------------------------

# Succeeds if DIR holds a rustc that is new enough, and a cargo.
toolchain_is_new_enough() {
    local version
    [[ -x $1/rustc && -x $1/cargo ]] && version=$("$1/rustc" --version 2>/dev/null) &&
        [[ $version =~ ^rustc\ 1\.([0-9]+)\. ]] && ((BASH_REMATCH[1] >= rust_minimum))
}

# Succeeds if it can really build for the browser, in the way of script/build.
toolchain_works() {
    local scratch status=0
    toolchain_is_new_enough "$1" || return 1
    scratch=$(mktemp -d)
    echo 'pub fn probe() {}' | "$1/rustc" --target wasm32-unknown-unknown --crate-type cdylib --crate-name probe \
        -C lto=fat -C panic=abort -o "$scratch/probe.wasm" - 2>/dev/null || status=1
    rm -r "$scratch"
    return "$status"
}

# Where rustup keeps the toolchain NAME, when it is installed.
rustup_directory() {
    local rustc
    rustc=$(RUSTUP_AUTO_INSTALL=0 rustup which --toolchain "$1" rustc 2>/dev/null) && dirname "$rustc"
}

# Prints directories that may hold a toolchain, the most wanted first. They are the caller's own choice, rustup's, the
# one that script/setup brought, and those of the PATH. rustup's proxies are passed over, because the directory decides
# what they run, and that may be a download.
toolchain_candidates() {
    local name rustc
    [[ ! ${RUSTC-} ]] || dirname "$RUSTC"
    if command -v rustup >/dev/null; then
        for name in ${RUSTUP_TOOLCHAIN-} stable 1.$rust_minimum.0; do
            rustup_directory "$name" || true
        done
    fi
    for rustc in "$cache"/rustup/toolchains/*/bin/rustc $(type -ap rustc) /usr/bin/rustc; do
        [[ $(readlink -f "$rustc") == */rustup || $rustc == "$links"/* ]] || dirname "$rustc"
    done
}

# Puts a working toolchain first in the PATH, or returns 1 when there is none. It uses links of our own, so that nothing
# else of its directory (an older node in /usr/bin, for one) comes first as well.
use_toolchain() {
    local dir program links=$cache/toolchain
    for dir in $(toolchain_candidates); do
        if toolchain_works "$dir"; then
            mkdir -p "$links"
            for program in cargo cargo-clippy cargo-fmt clippy-driver rustc rustdoc rustfmt; do
                if [[ ! -x $dir/$program ]]; then
                    rm -f "$links/$program"
                elif [[ $(readlink "$links/$program") != "$dir/$program" ]]; then
                    ln -sf "$dir/$program" "$links/$program"
                fi
            done
            # cargo looks for its subcommands in CARGO_HOME first unless the PATH names that directory somewhere.
            export PATH=$links:$PATH:${CARGO_HOME:-$HOME/.cargo}/bin RUSTC=$dir/rustc
            return
        fi
    done
    return 1
}

need_toolchain() {
    use_toolchain || fail "no Rust 1.$rust_minimum or newer for both targets was found; run script/setup"
}

# --- the browsers of the tests --------------------------------------------------------------------------------------

# Prints the system's Chromium or Chrome, when there is one; Playwright's own is the fallback.
chromium_program() {
    command -v chromium || command -v chromium-browser || command -v google-chrome
}

# Prints the Firefox of the tests, which is IUTSAI_FIREFOX, else Debian's, when there is one.
firefox_program() {
    if [[ ${IUTSAI_FIREFOX-} ]]; then echo "$IUTSAI_FIREFOX"; else command -v firefox-esr; fi
}

# Prints why no test can run in Firefox here; nothing when they can.
why_no_firefox() {
    firefox_program >/dev/null || echo "there is no firefox-esr, and IUTSAI_FIREFOX names no other"
}

# Compiles the tools, which serving does not need, the load generator and the fault checker. It names all members
# together, so that the server's dependencies are used as they are.
build_tools() {
    step "The tools"
    cargo build "${members[@]}"
}

# --- the fault checker ----------------------------------------------------------------------------------------------

# Compiles the library that fault runs preload (tools/chaos/power_cut), to $dist/power_cut.so.
build_power_cut() {
    mkdir -p "$dist"
    cc -shared -fPIC -O2 -std=gnu11 -Wall -Wextra -Werror -fvisibility=hidden -o "$dist/power_cut.so.new" \
        tools/chaos/power_cut/*.c -ldl -pthread || fail "the power cut's library did not compile; see cc's words above"
    mv -f "$dist/power_cut.so.new" "$dist/power_cut.so"
}

# Prints nginx, when there is one.
nginx_program() {
    local program
    for program in $(type -P nginx) /usr/sbin/nginx "$cache/nginx/usr/sbin/nginx"; do
        if [[ -x $program ]]; then
            echo "$program"
            return
        fi
    done
    return 1
}

# Brings Debian's nginx without installing it, because an installed one would be started as a server of the system's.
bring_nginx() {
    local new
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 0
    echo "bringing nginx"
    mkdir -p "$cache" && new=$(mktemp -d "$cache/nginx.XXXXXX") || return 0
    if (cd "$new" && { apt-get download -qq nginx || { apt-get update -qq && apt-get download -qq nginx; }; }) &&
        dpkg-deb -x "$new"/nginx_*.deb "$new"; then
        rm -rf "$cache/nginx" "$new"/*.deb && mv -T "$new" "$cache/nginx"
    else
        rm -rf "$new"
    fi
}

# --- Java and PostgreSQL, for the tests on real servers --------------------------------------------------------------

# Prints a java of a JDK 17 or newer, when there is one; the compiler in it runs the programs in end2end/kafka.
java_program() {
    local java
    for java in ${JAVA_HOME:+"$JAVA_HOME/bin/java"} $(type -ap java) /usr/lib/jvm/*/bin/java; do
        if [[ -x $java && $("$java" -version 2>&1) =~ version\ \"([0-9]+) ]] && ((BASH_REMATCH[1] >= 17)) &&
            "$java" --list-modules | grep -q '^jdk\.compiler@'; then
            echo "$java"
            return
        fi
    done
    return 1
}

# java_jars NAME prints the directory of the jars that end2end/kafka/NAME.pom.xml asks for; Maven brings them once.
java_jars() {
    local pom=$root/end2end/kafka/$1.pom.xml jars=$cache/kafka/$1 new
    if ! cmp -s "$pom" "$jars/pom.xml"; then
        command -v mvn >/dev/null || return 1
        mkdir -p "$cache/kafka" && new=$(mktemp -d "$jars.XXXXXX") || return 1
        echo "bringing the jars of $1.pom.xml" >&2
        mvn --batch-mode --quiet -Dstyle.color=never --file "$pom" -DoutputDirectory="$new" \
            org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies >&2 || {
            rm -rf "$new"
            return 1
        }
        # The pom goes in last and the directory is moved whole, so a directory with it is complete.
        cp "$pom" "$new/pom.xml" && rm -rf "$jars" && mv -T "$new" "$jars" || return 1
    fi
    echo "$jars"
}

# Prints why no Kafka cluster can be started here; nothing when one can.
why_no_kafka() {
    if ! java_program >/dev/null; then
        echo "there is no JDK 17 or newer"
    elif ! { java_jars broker && java_jars client; } >/dev/null; then
        echo "Apache Kafka's jars could not be had (no Maven, or no network)"
    fi
}

# Prints the directory of PostgreSQL's server programs, when there is one. It is the newest of Debian's, else that of
# the PATH.
postgres_programs() {
    local initdb
    initdb=$(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort -rV | head -n 1)
    [[ -x $initdb ]] || initdb=$(type -P initdb) || return 1
    dirname "$(readlink -f "$initdb")"
}

# Prints why no PostgreSQL server can be started here; nothing when one can.
why_no_postgres() {
    postgres_programs >/dev/null || echo "there are no PostgreSQL server programs"
}

# Prints why tests cannot have both; nothing when they can.
why_no_kafka_and_postgres() {
    local kafka
    kafka=$(why_no_kafka)
    echo "${kafka:-$(why_no_postgres)}"
}
