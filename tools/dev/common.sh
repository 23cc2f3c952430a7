# Shared by quickstart and run-tests: packages, steps that tell what they do, builds. Sourced, not run.
# shellcheck shell=bash

BUILD_PACKAGES=(gcc make pkg-config zlib1g-dev libpng-dev libjpeg-dev libopenblas-dev)
TEST_PACKAGES=(clang check valgrind python3-numpy python3-pil python3-scipy python3-matplotlib python3-torch libclang-rt-14-dev
               gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-i686-linux-gnu libc6-dev-i386-cross qemu-user)
FFMPEG_PACKAGES=(dpkg-dev nasm xz-utils python3)

logs=${AINN_BUILD_DIR:-$PWD/build}/logs
mkdir -p "$logs"
started=$SECONDS
step_count=0

# Installs those Debian packages that are missing; says which.
install_packages() {
    local missing=() package sudo=
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    echo "Installing packages: ${missing[*]}"
    if ! { $sudo apt-get update && DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y --no-install-recommends "${missing[@]}"; } >"$logs/packages.log" 2>&1; then
        tail -n 20 "$logs/packages.log" >&2
        echo "FAILED: these packages could not be installed: ${missing[*]}" >&2
        exit 1
    fi
}

# step TITLE COMMAND...: runs the command with its output in a log; on failure shows the log's end and stops.
step() {
    local title=$1 log begun=$SECONDS status=0
    shift
    step_count=$((step_count + 1))
    log=$(printf '%s/%02d.log' "$logs" "$step_count")
    printf '[%2d] %s ... ' "$step_count" "$title"
    # A subshell with -e, so that a function stops at its first failing command; set +e around it keeps that alive.
    set +e
    (set -e; "$@") >"$log" 2>&1 </dev/null
    status=$?
    set -e
    if [ "$status" -ne 0 ]; then
        printf 'FAILED (exit code %s)\n' "$status"
        tail -n 40 "$log" >&2
        printf '\nFAILED: %s\nThe whole log: %s\n' "$title" "$log" >&2
        exit 1
    fi
    printf 'ok, %d s\n' $((SECONDS - begun))
}

finish() {
    printf 'Everything passed in %d s.\n%d passed, 0 failed\n' $((SECONDS - started)) "$step_count"
}

# build_in DIR [VAR=VALUE...] -- [configure arguments...]: configures once, then makes.
build_in() {
    local dir=$1 top=$PWD vars=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do vars+=("$1"); shift; done
    shift
    mkdir -p "$dir"
    cd "$dir"
    if [ ! -f config.status ] || [ "$top/configure" -nt config.status ] || [ "$*" != "$(cat .arguments 2>/dev/null)" ]; then
        "$top/configure" "$@" "${vars[@]}"
        printf '%s' "$*" >.arguments
    fi
    make -j"$(nproc)"
    cd "$top"
}

# The result lines of the tests that `make check` ran in a build.
show_checks() {
    sed -n 's/^PASS: /        /p' "$logs/$(printf %02d "$step_count").log" | tr '\n' ' '
    echo
}

# A build with sanitizers, and the tests that need no tools under them.
sanitized() {
    build_in "$build/${1//,/-}" CFLAGS="-O1 -g" -- --enable-werror --enable-sanitize="$1"
    make -C "$build/${1//,/-}" -j"$(nproc)" check-core
}

# The tools with several threads under ThreadSanitizer.
sanitized_threads() {
    build_in "$build/thread" CFLAGS="-O1 -g" -- --enable-werror --enable-sanitize=thread
    TOOLS="$build/thread" EXACT_QUICK=1 EXACT_SETS="avx2 amx" EXACT_MODELS=fast TSAN_OPTIONS=halt_on_error=1 tests/test_exact.sh
}

# Installs a build into a folder of its own, then compiles and runs a program against it, shared and static.
check_installation() {
    local prefix=$build/installed
    rm -rf "$prefix"
    make -C "$1" install DESTDIR="$prefix"
    export PKG_CONFIG_SYSROOT_DIR=$prefix PKG_CONFIG_PATH=$prefix/usr/local/lib/pkgconfig
    cc -std=c99 -o "$prefix/shared" tests/header_c99.c $(pkg-config --cflags --libs libainn)
    LD_LIBRARY_PATH=$prefix/usr/local/lib "$prefix/shared"
    cc -std=c99 -o "$prefix/static" tests/header_c99.c $(pkg-config --cflags libainn) "$prefix/usr/local/lib/libainn.a" -lz -lpthread -lm
    "$prefix/static"
}
