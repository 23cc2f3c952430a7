#!/usr/bin/env bash
# Tests the AINN codec in FFmpeg: FATE's own tests, then what FATE cannot say.
#
#   test.sh [options] LIBAINN-BUILD WORK
#
# LIBAINN-BUILD is a folder in which libainn has been built; FFmpeg is built in WORK by build.sh, where it is not yet.
#
#   --generate      first make fate-samples/ainn and FATE's references anew (look at the difference!)
#   --release R     FFmpeg's release; 5.1 if not given
#   --thorough      also: patcheck, FATE's source check, documentation pages, builds without libainn and with everything
#                   disabled, and all samples, damaged in many ways, under AddressSanitizer and UndefinedBehaviorSanitizer; needs
#                   the packages texinfo, perl and git as well
set -euo pipefail
here=$(dirname "$(realpath "$0")")
samples=$(realpath "$here/../fate-samples")
# As many as tests/fate/ainn.mak has: tests whose components are missing vanish without a word.
fate_tests=48

generate=0 thorough=0 release=5.1
while [ $# -gt 0 ]; do
    case $1 in
        --generate) generate=1 ;;
        --thorough) thorough=1 ;;
        --release)  release=$2; shift ;;
        -h|--help)  sed -n '2,/^set /s/^# \?//p' "$0"; exit 0 ;;
        -*)         echo "test.sh: unknown option $1" >&2; exit 2 ;;
        *)          break ;;
    esac
    shift
done
[ $# -eq 2 ] || { echo "usage: test.sh [options] LIBAINN-BUILD WORK" >&2; exit 2; }
libainn=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")

# libainn is installed into the work folder, and its .pc file told where it came to lie.
stage=$work/stage
make -C "$libainn" install DESTDIR="$stage" >"$work/install.log" 2>&1
pc=$(find "$stage" -name libainn.pc)
installed=$(sed -n 's/^prefix=//p' "$pc")
case $installed in "$stage"*) ;; *) sed -i "s|^prefix=.*|prefix=$stage$installed|; s|=$installed/|=$stage$installed/|" "$pc" ;; esac
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH
bin=$stage${installed#"$stage"}/bin
LD_LIBRARY_PATH=$(pkg-config --variable=libdir libainn)
export LD_LIBRARY_PATH
"$here/build.sh" --minimal --release "$release" --work "$work" >"$work/build.log" 2>&1 ||
    { tail -n 30 "$work/build.log"; exit 1; }
build=$work/build-$release-minimal
source=$work/ffmpeg-$release

scratch=$work/scratch
rm -rf "$scratch"
mkdir -p "$scratch"
cd "$scratch"
failed=0
ok()   { printf 'ok      %s\n' "$*"; }
fail() { printf 'FAILED  %s\n' "$*"; failed=$((failed + 1)); }
# check TITLE COMMAND...
check() { local title=$1; shift; if "$@"; then ok "$title"; else fail "$title"; fi; }
same() { [ -n "$1" ] && [ "$1" = "$2" ]; }
ffmpeg()  { "$build/ffmpeg" -v error -nostdin -y "$@"; }
ffprobe() { "$build/ffprobe" -v error "$@"; }
# The MD5 of each frame of an input's pixels, without their times.
frames() { ffmpeg "$@" -fps_mode passthrough -f framemd5 - 2>/dev/null | awk '!/^#/ { print $NF }'; }
# The exit code and the first lines of what a command says.
said() { local text status=0; text=$("$build/ffmpeg" -v error -nostdin -y "$@" 2>&1) || status=$?; printf '%s\n%s\n' "$status" "$text"; }
# An error is FFmpeg's own kind: words, and a code that is no signal's. Newer releases exit with the last byte of the AVERROR.
error() {
    local title=$1 words=$2 text status
    shift 2
    text=$(said "$@")
    status=${text%%$'\n'*}
    if [ "$status" -gt 0 ] && { [ "$status" -lt 128 ] || [ "$status" -gt 159 ]; } && grep -q "$words" <<<"$text"; then ok "error: $title"; else fail "error: $title: $text"; fi
}

echo "== FATE, FFmpeg $release"
fate() { make -C "$build" -k fate-ainn SAMPLES="$samples" "$@" >"$work/fate.log" 2>&1; }
if [ "$generate" = 1 ]; then
    python3 "$samples/generate.py" "$build/ffmpeg" "$bin/ainnenc"
    cp "$here"/tests/fate/ainn.mak "$source/tests/fate/"
    fate GEN=1 || { tail -n 20 "$work/fate.log"; exit 1; }
    cp "$source"/tests/ref/fate/ainn-* "$here/tests/ref/fate/"
    ok "samples and references made anew"
fi
listed=$(make -C "$build" fate-list SAMPLES="$samples" 2>/dev/null | grep -c '^fate-ainn' || true)
check "$listed tests listed, $fate_tests expected" [ "$listed" -eq "$fate_tests" ]
for threads in 1 3; do
    if fate THREADS=$threads; then
        ok "$(grep -c '^TEST  *ainn' "$work/fate.log") tests pass with $threads threads"
    else
        fail "with $threads threads: $(grep -o "recipe for target.*\|Error.*\|\[.*fate-ainn.*" "$work/fate.log" | head -n 20)"
    fi
done

echo "== The tools and FFmpeg agree"
photo=$samples/photo.png
ffmpeg -i "$photo" -vf scale=384:256:flags=+accurate_rnd+bitexact+area -pix_fmt rgb24 -frames:v 1 -update 1 photo.png
ffmpeg -i photo.png -c:v ainn -model fast -quality 61 ffmpeg.ainn
"$bin/ainnenc" --quiet photo.png -m fast -q 61 -o tool.ainn
check "encoder: the same file" cmp ffmpeg.ainn tool.ainn
"$bin/ainndec" --quiet tool.ainn -o tool.png
check "decoder: the same pixels" same "$(frames -i tool.png)" "$(frames -i tool.ainn)"

echo "== Containers, seeking, pipes"
clip=(-f lavfi -i testsrc2=s=192x128:r=10:d=3 -pix_fmt rgb24)
ffmpeg "${clip[@]}" -c:v ainn -model fast -quality 40 clip.ainn
want=$(frames -i clip.ainn)
check "a sequence of 30 frames" [ "$(wc -l <<<"$want")" -eq 30 ]
ffmpeg -i clip.ainn -c copy frame%03d.ainn
cat frame*.ainn >concat.ainn
check "image2 in and out" same "$want" "$(frames -i frame%03d.ainn)"
check "the tool decodes the frames to the same" same "$(for f in frame*.ainn; do "$bin/ainndec" --quiet "$f" -o one.png; frames -i one.png; done)" "$want"
"$bin/ainnenc" --quiet --fps 10 -m fast photo.png photo.png -o tool-sequence.ainn
check "the tool's sequence" [ "$(frames -i tool-sequence.ainn | wc -l)" -eq 2 ]
"$bin/ainndec" --quiet clip.ainn -o tool%03d.png && check "FFmpeg's sequence in the tool" same "$(frames -i tool%03d.png)" "$want" || fail "FFmpeg's sequence in the tool"
for kind in mkv nut avi mov; do
    ffmpeg -i clip.ainn -c copy clip.$kind
    check "$kind: -c copy and back" same "$want" "$(frames -i clip.$kind)"
    ffmpeg -i clip.$kind -c copy back.ainn
    check "$kind: the packets again" same "$(ffmpeg -i clip.ainn -c copy -map_metadata -1 -f framemd5 - | awk '!/^#/ { print $6 }')" \
        "$(ffmpeg -i back.ainn -c copy -f framemd5 - | awk '!/^#/ { print $6 }')"
    check "$kind: tag" same "$(ffprobe -show_entries stream=codec_name,codec_tag_string -of csv=p=0 clip.$kind)" ainn,AINN
done
for time in 0 0.7 1.25 2.9; do
    from=$(awk "BEGIN { printf \"%d\", $time * 10 + 1.9999 }")
    [ "$time" = 0 ] && from=1
    expected=$(sed -n "$from,\$p" <<<"$want")
    for input in clip.ainn clip.mkv clip.nut clip.avi clip.mov concat.ainn frame%03d.ainn; do
        rate=(); case $input in concat*|frame%*) rate=(-framerate 10) ;; esac
        got=$(frames "${rate[@]}" -ss "$time" -i "$input")
        [ "$got" = "$expected" ] || fail "-ss $time in $input: $(wc -l <<<"$got") frames, $(wc -l <<<"$expected") expected"
    done
done
ok "-ss in sequence, mkv, nut, avi, mov, concatenation and image2"
check "going back to the beginning" same "$want"$'\n'"$want" "$(ffmpeg -stream_loop 1 -i clip.ainn -f framemd5 - 2>&1 | awk '!/^#/ { print $NF }')"
check "sequence from a pipe" same "$want" "$(frames -i - <clip.ainn)"
check "concatenation from a pipe" same "$want" "$(frames -i - <concat.ainn)"
check "concatenation through the parser" same "$want" "$(frames -f ainn_pipe -i - <concat.ainn)"
check "image2pipe out and in" same "$want" "$(ffmpeg -i clip.ainn -c copy -f image2pipe - | frames -f image2pipe -c:v ainn -i -)"
(head -c 3000 "$photo"; cat frame001.ainn frame002.ainn; head -c 900 "$photo"; cat frame003.ainn) >junk.bin
check "the parser after junk" same "$(head -n 3 <<<"$want")" "$(frames -f ainn_pipe -i - <junk.bin)"
check "the demuxer after junk" same "$(head -n 3 <<<"$want")" "$(frames -f ainn -i junk.bin)"
head -c $(($(stat -c %s clip.ainn) - 100)) clip.ainn >noindex.ainn
check "a sequence without its index, seeked" same "$(sed -n '13,20p' <<<"$want")" "$(frames -ss 1.2 -i noindex.ainn | head -n 8)"

echo "== Pixels, metadata"
cat >psnr.py <<'PYTHON'
import array, math, sys
a, b = (array.array('H', open(name, 'rb').read()) for name in sys.argv[1:])
assert len(a) == len(b) > 0
print(int(10 * math.log10(65535**2 * len(a) / max(sum((x - y)**2 for x, y in zip(a, b)), 1))))
PYTHON
for format in rgb24 rgba rgb48 rgba64 gray ya8 gray10 gray12 gray14 gray16 ya16 gbrp gbrp10 gbrp12 gbrp14 gbrp16 gbrap gbrap10 gbrap12 gbrap16; do
    ffmpeg -i photo.png -vf scale=67:35 -pix_fmt "$format" -f rawvideo p.raw
    raw=(-f rawvideo -pixel_format "$format" -video_size 67x35 -i p.raw)
    ffmpeg "${raw[@]}" -c:v ainn -model fast -quality 100 p.ainn
    ffmpeg "${raw[@]}" -pix_fmt rgba64 -f rawvideo want.raw
    ffmpeg -i p.ainn -pix_fmt rgba64 -f rawvideo got.raw
    db=$(python3 psnr.py want.raw got.raw)
    [ "$db" -ge 32 ] || fail "$format: $db dB"
done
ok "20 pixel formats come back at 32 dB and more"
tags() { ffprobe -show_entries frame_tags -of default=nw=1 "$1" | grep -v '^TAG:ainn[.]' | sort; }
cp "$samples/ainn/metadata.ainn" .
ffmpeg -noautorotate -i metadata.ainn -c:v ainn -model fast -orientation frame again.ainn
check "EXIF and XMP, both ways" same "$(tags metadata.ainn)" "$(tags again.ainn)"
side() { ffprobe -show_entries frame_side_data -of json "$1"; }
check "ICC and orientation, both ways" same "$(side metadata.ainn)" "$(side again.ainn)"
check "the tool finds the orientation" grep -q 'orientation *6' <("$bin/ainninfo" again.ainn)
color() { ffprobe -show_entries stream=color_range,color_space,color_transfer,color_primaries -of csv=p=0 "$1"; }
ffmpeg -f lavfi -i testsrc2=s=64x48 -vf format=yuv420p,setparams=range=limited:colorspace=bt709:color_primaries=bt2020:color_trc=bt709 -frames:v 1 -c:v ainn -model fast color.ainn
check "colour of converted YUV" same "$(color color.ainn)" pc,gbr,bt709,bt2020
# Since 7, ffmpeg forgets these options, with any encoder; the filter works in all releases.
named=(-vf setparams=color_primaries=smpte432:color_trc=smpte2084)
case $release in 5.*) named=(-color_primaries smpte432 -color_trc smpte2084) ;; esac
ffmpeg -i photo.png "${named[@]}" -c:v ainn -model fast color.ainn
check "colour that the user names" same "$(color color.ainn)" pc,gbr,smpte2084,smpte432
for matrix in bt709 smpte170m bt2020nc; do
    for range in limited full; do
        ffmpeg -f lavfi -i color=red:s=64x48 -vf "format=rgb24,scale=out_color_matrix=${matrix%nc}:out_range=$range,format=yuv444p,setparams=colorspace=$matrix:range=$range" -frames:v 1 -c:v ainn -model fast -quality 100 red.ainn
        read -r r g b < <(ffmpeg -i red.ainn -vf crop=1:1:32:24 -f rawvideo - | od -An -tu1)
        [ "$r" -ge 248 ] && [ "$g" -le 7 ] && [ "$b" -le 7 ] || fail "red from YUV, $matrix, $range: $r $g $b"
    done
done
ok "YUV of three matrices and both ranges is the same red"

echo "== ffprobe"
# Everything that a file tells, as JSON: the stream, and each frame's quality and bytes.
cat >probe.py <<'PYTHON'
import json, sys
probe = json.load(sys.stdin)
stream, frames = probe['streams'][0], probe.get('packets') or probe['frames']
frames = [f for f in frames if f.get('type', 'frame') in ('frame', 'packet')]
want = dict(codec_name='ainn', profile='fast', width=192, height=128, pix_fmt='rgb24', color_range='pc', color_space='gbr',
            color_transfer='iec61966-2-1', color_primaries='bt709', r_frame_rate='10/1')
wrong = {key: stream.get(key) for key in want if stream.get(key) != want[key]}
assert not wrong, wrong
# NUT's demuxer ends with the last time stamp, a frame too early.
assert abs(float(stream.get('duration') or probe['format']['duration']) - 3) < 0.101
assert len(frames) == 30
for frame in frames:
    tags = {key.lower(): value for key, value in frame['tags'].items()}
    assert abs(float(tags['ainn.quality']) - 40) < 0.1, tags
    # What is left are the CRCs of the streams; a detail layer is there in some frames.
    detail = int(tags.get('ainn.detail_bytes', 0))
    assert sum(int(tags[f'ainn.{part}_bytes']) for part in ('header', 'metadata', 'hyperprior', 'latent')) + detail + 8 + 4 * (detail > 0) == \
        int(frame.get('size') or frame['pkt_size']), frame
PYTHON
check "JSON of a sequence" python3 probe.py < <(ffprobe -show_streams -show_packets -show_format -of json clip.ainn)
for kind in mkv nut avi mov; do
    check "JSON of frames in $kind" python3 probe.py < <(ffprobe -skip_idct all -show_streams -show_frames -show_format -of json clip.$kind)
done
# The same file by a model that does not exist: all but the pixels can be had.
cat >unknown.py <<'PYTHON'
import sys
def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF
data = bytearray(open(sys.argv[1], 'rb').read())
model = bytes.fromhex(sys.argv[3])[::-1]
at = data.index(model)
end = next(i for i in range(at, 200) if crc32c(data[:i]).to_bytes(4, 'little') == data[i:i + 4])
data[at:at + 4] = b'none'
data[end:end + 4] = crc32c(data[:end]).to_bytes(4, 'little')
open(sys.argv[2], 'wb').write(data)
PYTHON
python3 unknown.py frame001.ainn unknown.ainn "$(ffprobe -show_entries packet_tags=ainn.model_id -of default=nw=1:nk=1 frame001.ainn)"
known() { ffprobe -skip_idct all -show_entries stream=width,height,pix_fmt,color_space:frame_tags=ainn.quality,ainn.latent_bytes -of csv=p=0 "$1"; }
check "ffprobe needs no model, and runs no network" same "$(known unknown.ainn)" "$(known frame001.ainn)"
info() { "$bin/ainninfo" "$1" | awk "/^ *$2 / { print \$2; exit }"; }
tag() { ffprobe -show_entries "packet_tags=ainn.$2" -of csv=p=0 "$1" | head -n 1 | tr -d ,a-z_; }
check "the same sizes as ainninfo" same "$(info frame001.ainn hyperprior) $(info frame001.ainn latents)" "$(tag frame001.ainn hyperprior_bytes) $(tag frame001.ainn latent_bytes)"

echo "== Targets"
ffmpeg -i photo.png -c:v ainn -model fast -target_size 9000 size.ainn
check "target_size: $(stat -c %s size.ainn) of 9000 bytes" [ "$(stat -c %s size.ainn)" -le 9000 -a "$(stat -c %s size.ainn)" -ge 8500 ]
ffmpeg "${clip[@]}" -c:v ainn -model fast -b:v 200k rate.ainn
check "b:v 200k: 3 s in $(stat -c %s rate.ainn) bytes" [ "$(stat -c %s rate.ainn)" -le 76000 ]
check "preview is not the picture, but has its size" [ "$(frames -preview 1 -i frame001.ainn)" != "$(head -n 1 <<<"$want")" ]

echo "== Errors"
error "two targets" "Only one of" -i photo.png -c:v ainn -quality 50 -target_size 900 x.ainn
error "two models" "contradict" -i photo.png -c:v ainn -model fast -profile:v standard x.ainn
error "no such model" "Cannot open the model" -i photo.png -c:v ainn -model nosuch x.ainn
error "unreachable size" "Encoding failed" -i photo.png -c:v ainn -model fast -target_size 30 x.ainn
error "quality out of range" "out of range" -i photo.png -c:v ainn -quality 101 x.ainn
error "a second picture in a still" "Only a sequence" "${clip[@]}" -c:v ainn -model fast -sequence 0 x.ainn
echo hello >text.ainn
error "no picture" "nvalid data" -i text.ainn -f null -
: >empty.ainn
error "an empty file" "nvalid data" -i empty.ainn -f null -
error "a missing model" "Cannot open the model" -xerror -i unknown.ainn -f null -
error "a profile without a model" "Cannot open the model" -i photo.png -c:v ainn -profile:v high x.ainn
error "no such profile" "Unknown profile" -i photo.png -c:v ainn -profile:v 7 x.ainn
error "MP4, which has no tag for it" "codec not currently supported\|not supported" -i photo.png -c:v ainn x.mp4
head -c 20 frame001.ainn >short.ainn
error "a header cut short" "nvalid data\|any stream\|header" -xerror -i short.ainn -f null -
error "explode" "checksum" -xerror -err_detect explode -i "$samples/ainn/damaged.ainn" -f null -
check "damage is flagged" grep -q corrupt < <("$build/ffmpeg" -v warning -nostdin -i "$samples/ainn/damaged.ainn" -f null - 2>&1)
python3 - clip.ainn broken.ainn <<'PYTHON'
import sys
data = bytearray(open(sys.argv[1], 'rb').read())
starts = [i for i in range(len(data)) if data[i:i + 4] == b'\x8aAIN']
data[starts[3] + 60] ^= 0x40                         # pixels of one
data[starts[10] + 12] ^= 0x40                        # header of one
data[starts[20] - 4:starts[20] + 9] = b'lost frame!!!'
open(sys.argv[2], 'wb').write(data)
PYTHON
got=$(frames -i broken.ainn)
check "a sequence goes on after damaged frames: $(wc -l <<<"$got") of 30 come" [ "$(wc -l <<<"$got")" -ge 28 -a "$(tail -n 1 <<<"$got")" = "$(tail -n 1 <<<"$want")" ]
if command -v valgrind >/dev/null; then
    for file in cut damaged tiny; do
        check "valgrind: $file.ainn" valgrind -q --error-exitcode=99 "$build/ffmpeg" -v quiet -nostdin -i "$samples/ainn/$file.ainn" -f null -
    done
    crashes=0
    for i in $(seq 1 12); do
        python3 -c "
import random, sys
random.seed($i)
data = bytearray(open('$samples/ainn/sequence.ainn', 'rb').read())
for _ in range(8): data[random.randrange(len(data) // (1 + $i % 4))] = random.randrange(256)
open('fuzz.ainn', 'wb').write(data[:random.randrange(len(data) // 2, len(data))])"
        status=0
        valgrind -q --error-exitcode=99 "$build/ffprobe" -v quiet -show_streams -show_packets -skip_idct all -show_frames fuzz.ainn >/dev/null 2>valgrind.log || status=$?
        [ "$status" -lt 99 ] || { crashes=$((crashes + 1)); cat valgrind.log; }
    done
    check "valgrind: ffprobe on 12 damaged sequences" [ "$crashes" -eq 0 ]
fi

echo "== Threads, memory"
ffmpeg -f lavfi -i testsrc2=s=640x384:r=25 -frames:v 24 -pix_fmt rgb24 -c:v rawvideo big.nut
elapsed() { local begun; begun=$(date +%s%N); "$@"; echo $(($(date +%s%N) - begun)); }
for n in 1 2; do
    enc[n]=$(elapsed ffmpeg -i big.nut -threads $n -c:v ainn -model fast big$n.ainn)
    dec[n]=$(elapsed ffmpeg -threads $n -i big1.ainn -f null -)
done
check "the same file with 1 and 2 threads" cmp big1.ainn big2.ainn
printf 'note    2 threads: encoding x %s, decoding x %s (load %s; 1.7 is the aim on two free cores)\n' \
    "$(awk "BEGIN { printf \"%.2f\", ${enc[1]} / ${enc[2]} }")" "$(awk "BEGIN { printf \"%.2f\", ${dec[1]} / ${dec[2]} }")" "$(cut -d ' ' -f 1 /proc/loadavg)"
peak() { /usr/bin/env python3 -c 'import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$@"; }
count=1000
small=$(peak "$build/ffmpeg" -v error -nostdin -y -f lavfi -i testsrc2=s=128x96 -frames:v 50 -threads 2 -c:v ainn -model fast -f ainn few.ainn)
large=$(peak "$build/ffmpeg" -v error -nostdin -y -f lavfi -i testsrc2=s=128x96 -frames:v $count -threads 2 -c:v ainn -model fast -f ainn many.ainn)
check "encoding: 50 frames take $small KiB, $count take $large" [ $((large - small)) -lt 6000 ]
small=$(peak "$build/ffmpeg" -v error -nostdin -threads 2 -i few.ainn -f null -)
large=$(peak "$build/ffmpeg" -v error -nostdin -threads 2 -i many.ainn -f null -)
check "decoding: 50 frames take $small KiB, $count take $large" [ $((large - small)) -lt 6000 ]

if [ "$thorough" = 1 ]; then
    echo "== The patch"
    "$here/patch.sh" "$release" "$work" >ainn.patch
    # The tree as it came, and the same with the patch as upstream would apply it.
    dsc=$(find "$work/download-$release" -name '*.dsc' | head -n 1)
    if [ -n "$dsc" ]; then
        dpkg-source --no-check -x "$dsc" tree >/dev/null 2>&1
    else
        mkdir tree
        tar -xf "$(find "$work/download-$release" -name '*.orig.tar.xz' | head -n 1)" -C tree --strip-components=1
    fi
    cp -r tree patched
    check "the patch applies" patch -s -d patched -p1 -i "$scratch/ainn.patch"
    cp -r patched twice
    python3 "$here/register.py" --upstream twice
    check "registering a second time changes nothing" diff -r -x .libainn patched twice
    # What patcheck says is grouped under headings; UPSTREAM.md explains each that is left.
    (cd patched && tools/patcheck "$scratch/ainn.patch") 2>&1 | sed 's/\x1b\[[0-9;]*[mK]//g' >patcheck.txt || true
    headings=$(sed 1,6d patcheck.txt | grep -v "ainn.patch\|^possibly [nc]\|^--\|^NULL\|^ *$" | sed 's/^ *//')
    check "patcheck came to its end" grep -q '^possibly unused variables' <<<"$headings"
    while read -r heading; do
        check "patcheck: $heading (explained)" grep -qF "\`$heading\`" "$here/UPSTREAM.md"
    done <<<"$headings"
    (cd patched && git init -q && git add -A -- . ':!.pc' ':!debian' && git -c user.name=test -c user.email=test@localhost commit -q -m all)
    check "FATE's source check" diff patched/tests/ref/fate/source <(cd patched && sh tests/fate/source-check.sh tests)

    echo "== Builds"
    # partial SOURCE DIR CONFIGURE-ARGUMENTS...
    partial() {
        local tree=$1 dir=$2
        shift 2
        rm -rf "$dir" && mkdir -p "$dir" &&
            (cd "$dir" && "$tree/configure" --disable-autodetect --disable-doc --disable-debug --disable-x86asm "$@" && make -j"$(nproc)" libavcodec/libavcodec.a libavformat/libavformat.a) >"$work/partial.log" 2>&1 ||
            { tail -n 5 "$work/partial.log"; false; }
    }
    check "with everything disabled, unpatched" partial "$scratch/tree" "$work/partial-unpatched" --disable-everything
    check "with everything disabled" partial "$source" "$work/partial" --disable-everything
    # Without the library nothing but the tables of names may differ.
    differ=$(cd "$work/partial" && find . -name '*.o' | sort | while read -r object; do
        cmp -s "$object" "$work/partial-unpatched/$object" || echo "${object#./}"; done)
    check "without libainn only tables differ: $(tr '\n' ' ' <<<"$differ")" same "$differ" \
        "$(printf '%s\n' libavcodec/codec_desc.o libavcodec/profiles.o libavformat/isom_tags.o libavformat/riff.o)"
    check "the decoder alone" partial "$source" "$work/partial" --disable-everything --enable-libainn --enable-decoder=libainn
    check "the encoder and the muxer alone" partial "$source" "$work/partial" --disable-everything --enable-libainn --enable-encoder=libainn --enable-muxer=ainn
    check "parser, demuxer and muxer without libainn" partial "$source" "$work/partial" --disable-everything --enable-demuxer=ainn --enable-muxer=ainn --enable-parser=ainn
    for header in libavcodec/ainn_header.h libavcodec/libainn.h libavformat/ainn.h; do
        check "$header compiles by itself" make -s -C "$build" "$header.o"
    done

    echo "== Documentation"
    rm -rf "$work/doc" && mkdir -p "$work/doc"
    check "FFmpeg's pages are made" sh -c "cd '$work/doc' && '$source/configure' --disable-everything --disable-autodetect --disable-x86asm >log 2>&1 && make doc/ffmpeg-all.html doc/ffmpeg-all.1 doc/general.html >>log 2>&1 || { tail -n 5 log; false; }"
    for words in 'AINN.* image encoder' 'AINN.* image decoder' 'AINN.* image demuxer' 'AINN.* image muxer' target_size preview; do
        for page in ffmpeg-all.html ffmpeg-all.1; do
            check "$page has: $words" grep -q "$words" "$work/doc/doc/$page"
        done
    done
    check "the list of formats has AINN" grep -q 'Approximately Invertible' "$work/doc/doc/general.html"

    echo "== AddressSanitizer, UndefinedBehaviorSanitizer"
    clean=$work/sanitized
    mkdir -p "$clean/libainn"
    export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:exitcode=99 UBSAN_OPTIONS=print_stacktrace=1
    (cd "$clean/libainn" && { [ -f config.status ] || CFLAGS='-O1 -g' "$here/../configure" --enable-sanitize=address,undefined --disable-static --prefix="$clean/prefix"; } && make -j"$(nproc)" && make install) >"$clean/libainn.log" 2>&1 || { tail "$clean/libainn.log"; exit 1; }
    # The same build with our files, and those around them, compiled again. Memory is watched in all of it.
    rm -rf "$clean/build-minimal" && cp -a "$build" "$clean/build-minimal"
    (cd "$clean/build-minimal" && rm -f libavcodec/*ainn*.o libavformat/ainn*.o libavformat/img2*.o libavcodec/libavcodec.a libavformat/libavformat.a ffmpeg ffmpeg_g ffprobe ffprobe_g &&
        make -j"$(nproc)" ECFLAGS='-O1 -g -fsanitize=address,undefined' LD='gcc -fsanitize=address,undefined' ffmpeg ffprobe) >"$clean/build.log" 2>&1 || { tail "$clean/build.log"; exit 1; }
    nm "$clean/build-minimal/libavcodec/libainndec.o" | grep -q __asan || fail "the build has no sanitizer"
    export LD_LIBRARY_PATH=$clean/prefix/lib
    # sane TITLE COMMAND...: no report of a sanitizer, whatever else the command says.
    sane() {
        local title=$1 status=0
        shift
        "$@" >sane.txt 2>&1 || status=$?
        if [ "$status" -ge 99 ] || grep -q 'runtime error\|Sanitizer' sane.txt; then fail "$title"; grep -m 5 -A 4 'runtime error\|Sanitizer' sane.txt; return 1; fi
    }
    make -C "$clean/build-minimal" -k fate-ainn SAMPLES="$samples" THREADS=2 >sane.txt 2>&1 && ok "FATE" || { fail "FATE"; grep -m 9 "runtime error\|Sanitizer\|Error" sane.txt; }
    wrong=0
    for file in "$samples"/ainn/*; do
        for format in '' '-f ainn' '-f ainn_pipe'; do
            # shellcheck disable=SC2086
            sane "decode $format $file" "$clean/build-minimal/ffmpeg" -v error -nostdin $format -i "$file" -f null - || wrong=1
        done
        sane "probe $file" "$clean/build-minimal/ffprobe" -v error -show_streams -show_packets -show_frames -skip_idct all "$file" || wrong=1
    done
    check "all samples" [ "$wrong" -eq 0 ]
    for seed in $(seq 1 40); do
        for name in sequence.ainn rgba.ainn metadata.ainn junk.bin; do
            python3 -c "
import random
random.seed($seed)
data = bytearray(open('$samples/ainn/$name', 'rb').read())
for _ in range(1 + $seed % 9): data[random.randrange(len(data) // (1 + $seed % 4))] = random.randrange(256)
open('fuzz.ainn', 'wb').write(data[:random.randrange(len(data) // 2, len(data) + 1)])"
            sane "decode $name damaged by $seed" "$clean/build-minimal/ffmpeg" -v error -nostdin -f ainn -i fuzz.ainn -f null - || wrong=1
            sane "copy $name damaged by $seed" "$clean/build-minimal/ffmpeg" -v error -nostdin -y -f ainn_pipe -i fuzz.ainn -c copy fuzz.mkv || wrong=1
        done
    done
    check "samples damaged in 160 ways" [ "$wrong" -eq 0 ]
fi

if [ "$failed" -gt 0 ]; then
    echo "$failed checks FAILED"
    exit 1
fi
echo "All checks passed."
