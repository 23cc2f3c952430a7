#!/usr/bin/env bash
# Builds ffmpeg and ffprobe with the AINN codec.
#
#   build.sh [options] [-- FFmpeg configure arguments...]
#
#   --minimal       only what AINN work needs, built in minutes (the default)
#   --full          everything that FFmpeg builds by default
#   --release R     FFmpeg 5.1 (the default, Debian 12's), 7.1, 8.1 or 9.0, from Debian's source package
#   --source DIR    this FFmpeg source tree in place of Debian's; it gets patched
#   --work DIR      where sources are unpacked and built (default: build/ffmpeg in the current folder)
#   --prefix DIR    install the programs into DIR/bin; without it they stay where they are built
#   --jobs N        processes of make (default: one a core)
#
# libainn must be known to pkg-config: install it, or set PKG_CONFIG_PATH. Running it again is safe and quick, and a run
# that was stopped half-way is continued. Packages needed: gcc make pkg-config dpkg-dev xz-utils nasm python3 zlib1g-dev.
set -euo pipefail
here=$(dirname "$(realpath "$0")")

kind=minimal release=5.1 source='' work=$PWD/build/ffmpeg prefix='' jobs=$(nproc)
need() { [ $# -ge 2 ] || { echo "build.sh: $1 needs a value" >&2; exit 2; }; }
while [ $# -gt 0 ]; do
    case $1 in
        --minimal) kind=minimal ;;
        --full)    kind=full ;;
        --release) need "$@"; release=$2; shift ;;
        --source)  need "$@"; source=$(realpath "$2"); shift ;;
        --work)    need "$@"; work=$(realpath -m "$2"); shift ;;
        --prefix)  need "$@"; prefix=$(realpath -m "$2"); shift ;;
        --jobs)    need "$@"; jobs=$2; shift ;;
        -h|--help) sed -n '2,/^set /s/^# \?//p' "$0"; exit 0 ;;
        --)        shift; break ;;
        *)         echo "build.sh: unknown option $1; --help tells what there is" >&2; exit 2 ;;
    esac
    shift
done

if ! pkg-config --exists 'libainn >= 0.1.0'; then
    echo "build.sh: pkg-config does not find libainn; install it or set PKG_CONFIG_PATH" >&2
    exit 1
fi

# Unpacks Debian's source package of FFmpeg into $1. Newer releases come from suites whose index can be ahead of their
# files; where only the original archive can be had, that is used.
get_source() {
    local target=$1 suite version mirror apt
    case $release in
        5.1) suite=bookworm ;;
        7.1) suite=trixie ;;
        8.1|9.0) suite=sid ;;
        *)   echo "build.sh: no release $release; there are 5.1, 7.1, 8.1 and 9.0" >&2; exit 2 ;;
    esac
    # An apt of its own, so that nothing of the machine's is changed.
    local root=$work/apt-$suite
    mkdir -p "$root/parts" "$root/lists/partial" "$root/cache/archives/partial" "$work/download-$release"
    # The mirror that the machine uses itself.
    mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)
    printf 'Types: deb-src\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' \
        "${mirror:-http://deb.debian.org/debian}" "$suite" /usr/share/keyrings/debian-archive-keyring.gpg >"$root/parts/ffmpeg.sources"
    apt=(-o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$root/parts" -o "Dir::State::Lists=$root/lists"
         -o "Dir::Cache=$root/cache" -o APT::Sandbox::User=root)
    apt-get "${apt[@]}" update
    # A suite may hold several releases: the newest of the one that is wanted.
    version=$(apt-cache "${apt[@]}" showsrc ffmpeg | sed -n "s/^Version: \(7:$release\..*\)/\1/p" | sort -V | tail -n 1)
    [ -n "$version" ] || { echo "build.sh: Debian's $suite has no FFmpeg $release now; give a source tree with --source" >&2; exit 1; }
    (cd "$work/download-$release" && apt-get "${apt[@]}" source --download-only "ffmpeg=$version") ||
        echo "build.sh: the package is not complete, trying the original archive alone" >&2
    rm -rf "$target.part"
    local dsc orig
    dsc=$(find "$work/download-$release" -name '*.dsc' | head -n 1)
    orig=$(find "$work/download-$release" -name '*.orig.tar.xz' | head -n 1)
    if [ -n "$dsc" ]; then
        # apt has checked the files against the signed index.
        dpkg-source --no-check -x "$dsc" "$target.part"
    elif [ -n "$orig" ]; then
        mkdir "$target.part"
        tar -xf "$orig" -C "$target.part" --strip-components=1
    else
        echo "build.sh: FFmpeg $release could not be had" >&2
        exit 1
    fi
    mv "$target.part" "$target"
}

build=$work/build-$kind
if [ -z "$source" ]; then
    source=$work/ffmpeg-$release
    build=$work/build-$release-$kind
    [ -d "$source" ] || get_source "$source"
fi
python3 "$here/register.py" "$source"

common=(--enable-libainn --disable-doc --disable-debug --disable-ffplay
        "--extra-ldexeflags=-Wl,-rpath,$(pkg-config --variable=libdir libainn)")
# Everything that the tests and the recipes of README.md use. Without pcm_s16le and rawvideo, FATE's tests vanish silently.
protocols=file,pipe
# Newer releases read "-i -" through this one.
[ ! -f "$source/libavformat/file.c" ] || ! grep -q ff_fd_protocol "$source/libavformat/file.c" || protocols+=,fd
codecs=libainn,png,mjpeg,ffv1,rawvideo,wrapped_avframe,pcm_s16le
minimal=(--disable-everything --disable-autodetect --disable-network --enable-zlib
         --enable-decoder=$codecs --enable-encoder=$codecs --enable-parser=ainn,png,mjpeg
         --enable-demuxer=ainn,image2,image2pipe,image_ainn_pipe,image_png_pipe,image_jpeg_pipe,nut,matroska,mov,avi,rawvideo,concat
         --enable-muxer=ainn,image2,image2pipe,nut,matroska,mov,mp4,avi,rawvideo,framecrc,framemd5,md5,null
         --enable-protocol=$protocols --enable-indev=lavfi
         --enable-filter=testsrc,testsrc2,color,scale,format,null,copy,psnr,ssim,trim,aresample,fps,setpts,concat,setparams,setsar,metadata,transpose,hflip,vflip,rotate,crop,pad,split,hstack,vstack,loop,select,zoompan)
case $kind in
    minimal) arguments=("${common[@]}" "${minimal[@]}" "$@") ;;
    full)    arguments=("${common[@]}" "$@") ;;
esac

mkdir -p "$build"
cd "$build"
# Configured again only where something that it depends on has changed, for everything is then rebuilt.
state="$source ${arguments[*]} $(pkg-config --modversion --cflags --libs libainn) $(cksum <"$source/configure")"
if [ ! -f ffbuild/config.mak ] || [ "$state" != "$(cat .state 2>/dev/null)" ]; then
    rm -f .state
    "$source/configure" --prefix="${prefix:-/usr/local}" "${arguments[@]}"
    printf '%s' "$state" >.state
fi
# The wrappers are small: a libainn that was rebuilt behind the same version is met by compiling them again.
header=$(pkg-config --variable=includedir libainn)/ainn.h
[ libavcodec/libainn.o -nt "$header" ] || rm -f libavcodec/libainn*.o
make -j"$jobs" ffmpeg ffprobe
bin=$build
if [ -n "$prefix" ]; then
    install -D -t "$prefix/bin" ffmpeg ffprobe
    bin=$prefix/bin
fi
echo "FFmpeg with AINN: $bin/ffmpeg and $bin/ffprobe"
