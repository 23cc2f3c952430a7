#!/usr/bin/env bash
# The same pixels and files on other processors: builds the tools for 64-bit ARM and 32-bit x86, runs the kernel test there,
# decodes the small conformance vectors, and encodes what this machine encodes too. qemu runs what this machine can not.
#   TOOLS=folder/with/the/tools [VECTORS=folder] tests/test_cross.sh FOLDER_TO_BUILD_IN [arm64|i386|armhf...]
# Needs Debian, gcc-<target>, libc6-dev-<arch>-cross and qemu-user; armhf is not among the packages of run-tests.
set -euo pipefail
: "${TOOLS:?the folder with ainnenc and ainndec of this machine}"
: "${1:?the folder to build in}"
TOOLS=$(realpath "$TOOLS")
work=$(realpath -m "$1")
shift
[ $# -gt 0 ] || set -- arm64 i386
cd "$(dirname "$0")/.."
top=$PWD
vectors=${VECTORS:-$top/tests/vectors}
large='300x260|1050x20|200x120'          # vectors that take long under qemu

# get_libraries ARCH: zlib and libpng of that architecture, unpacked in a folder. An apt of its own, so that nothing of
# the machine's is changed.
get_libraries() {
    local root=$work/apt-$1 mirror apt package
    [ ! -d "$work/$1-libraries" ] || return 0
    mkdir -p "$root/parts" "$root/lists/partial" "$root/cache/archives/partial" "$root/packages"
    mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)
    printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' "${mirror:-http://deb.debian.org/debian}" \
        "$(. /etc/os-release && echo "$VERSION_CODENAME")" /usr/share/keyrings/debian-archive-keyring.gpg >"$root/parts/debian.sources"
    apt=(-o "APT::Architecture=$1" -o "APT::Architectures::=$1" -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$root/parts"
         -o "Dir::State::Lists=$root/lists" -o Dir::State::Status=/dev/null -o "Dir::Cache=$root/cache" -o Acquire::Languages=none
         -o APT::Sandbox::User=root)
    apt-get "${apt[@]}" update
    (cd "$root/packages" && apt-get "${apt[@]}" download zlib1g-dev libpng-dev)
    for package in "$root"/packages/*.deb; do
        dpkg -x "$package" "$work/$1-libraries.part"
    done
    mv "$work/$1-libraries.part" "$work/$1-libraries"
}

# build ARCH TARGET: static programs, which qemu runs with no library of that architecture.
build() {
    local root=$work/$1-libraries lib
    lib=$(dirname "$(find "$root" -name libz.a)")
    mkdir -p "$work/$1"
    (
        cd "$work/$1"
        export PKG_CONFIG_LIBDIR=$lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root
        [ config.status -nt "$top/configure" ] ||
            "$top/configure" --host="$2" --enable-werror --disable-shared --disable-openblas \
                CFLAGS=-O2 CPPFLAGS="-I$root/usr/include" LDFLAGS="-L$lib"
        make -j"$(nproc)" LDFLAGS="-L$lib -all-static" ainnenc ainndec checkkernels
    )
}

# wrap ARCH QEMU: programs that can be called as if they were this machine's, in a folder of their own.
wrap() {
    local runner=$2 program
    mkdir -p "$work/$1/run"
    ! "$work/$1/ainndec" --version >/dev/null 2>&1 || runner=
    for program in ainnenc ainndec checkkernels; do
        printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$runner" "$work/$1/$program" >"$work/$1/run/$program"
        chmod +x "$work/$1/run/$program"
    done
    echo "$1: ${runner:-this machine} runs it"
}

# The vectors that do not take long, in a folder.
choose_vectors() {
    local file
    rm -rf "$work/vectors"
    mkdir "$work/vectors"
    for file in "$vectors"/*.ainn; do
        [[ $file =~ $large ]] || cp "$file" "$work/vectors"
    done
    grep -Ev "$large" "$vectors/SHA256SUMS" >"$work/vectors/SHA256SUMS"
}

# same_file RUN PICTURE OPTIONS...: the encoder in RUN writes what this machine's writes.
same_file() {
    local run=$1
    shift
    "$TOOLS/ainnenc" "$@" -o "$work/here.ainn" --quiet
    "$run/ainnenc" "$@" -o "$work/there.ainn" --quiet
    cmp "$work/here.ainn" "$work/there.ainn"
    echo "ainnenc ${*:2}: the same file"
}

mkdir -p "$work"
choose_vectors
picture=$(find "$work/vectors" -name '*-64x64-q50.ainn' | sort | head -n 1)
"$TOOLS/ainndec" "$picture" -o "$work/picture.png" --quiet
"$TOOLS/ainndec" "$work/vectors/fast-detail.ainn" -o "$work/drawn.png" --quiet
declare -A qemu building
for arch in "$@"; do
    case $arch in
        arm64) target=aarch64-linux-gnu qemu[arm64]=qemu-aarch64 ;;
        armhf) target=arm-linux-gnueabihf qemu[armhf]=qemu-arm ;;
        i386)  target=i686-linux-gnu qemu[i386]=qemu-i386 ;;
        *)     echo "test_cross.sh: there are arm64, armhf and i386, not $arch" >&2; exit 2 ;;
    esac
    (get_libraries "$arch"; build "$arch" "$target") >"$work/$arch.log" 2>&1 &
    building[$arch]=$!
done
for arch in "$@"; do
    wait "${building[$arch]}" || { tail -n 40 "$work/$arch.log"; echo "FAILED: the build for $arch" >&2; exit 1; }
    wrap "$arch" "${qemu[$arch]}"
    run=$work/$arch/run
    "$run/checkkernels" | tee "$work/kernels"
    [ "$arch" != arm64 ] || grep -q '^neon: checked' "$work/kernels"
    TOOLS=$run VECTORS=$work/vectors tests/test_vectors.sh
    same_file "$run" "$work/picture.png" -q 30
    same_file "$run" "$work/picture.png" -q 95
    same_file "$run" "$work/picture.png" -q 60 -e 7
    same_file "$run" "$work/picture.png" --target-size 1500
    same_file "$run" "$work/drawn.png" -q 80
done
echo "$*: the same pixels and files as here"
