# AINN: encoder and decoder (libainn), parser, demuxers, muxer.
# The samples are libainn's own, in the folder ainn/ of its fate-samples.
AINN_SAMPLES = $(TARGET_SAMPLES)/ainn

# Decoding is exact, on every machine and with any number of threads.
FATE_AINN_DEC = rgb24 gray ya8 rgba gbrp10 gbrp12 rgb48 gray16 rgba64 odd tiny groups standard msssim
define FATE_AINN_DECODE
FATE_AINN-$(call FRAMECRC, AINN, LIBAINN) += fate-ainn-$(1)
fate-ainn-$(1): CMD = framecrc -i $(AINN_SAMPLES)/$(1).ainn
endef
$(foreach N,$(FATE_AINN_DEC),$(eval $(call FATE_AINN_DECODE,$(N))))

FATE_AINN-$(call FRAMECRC, AINN, LIBAINN) += fate-ainn-preview
fate-ainn-preview: CMD = framecrc -preview 1 -i $(AINN_SAMPLES)/rgb24.ainn

# Stored as 96x64, shown as 64x96.
FATE_AINN-$(call FRAMECRC, AINN, LIBAINN, TRANSPOSE_FILTER) += fate-ainn-orientation
fate-ainn-orientation: CMD = framecrc -i $(AINN_SAMPLES)/metadata.ainn

# Damage: what is there is decoded, what is not is predicted.
FATE_AINN-$(call FRAMECRC, AINN, LIBAINN) += fate-ainn-cut fate-ainn-damaged
fate-ainn-cut: CMD = framecrc -i $(AINN_SAMPLES)/cut.ainn
fate-ainn-damaged: CMD = framecrc -i $(AINN_SAMPLES)/damaged.ainn

# Files of more than one frame; junk is frames with junk before, between and inside them.
FATE_AINN-$(call FRAMECRC, AINN, LIBAINN) += fate-ainn-sequence fate-ainn-sequence-seek fate-ainn-sequence-cut  \
                                             fate-ainn-concat fate-ainn-concat-seek fate-ainn-junk
fate-ainn-sequence: CMD = framecrc -i $(AINN_SAMPLES)/sequence.ainn
fate-ainn-sequence-seek: CMD = framecrc -ss 0.3 -i $(AINN_SAMPLES)/sequence.ainn
fate-ainn-sequence-cut: CMD = framecrc -i $(AINN_SAMPLES)/sequence-cut.ainn
fate-ainn-concat: CMD = framecrc -i $(AINN_SAMPLES)/concat.ainn
fate-ainn-concat-seek: CMD = framecrc -framerate 10 -ss 0.2 -i $(AINN_SAMPLES)/concat.ainn
fate-ainn-junk: CMD = framecrc -f ainn -i $(AINN_SAMPLES)/junk.bin

FATE_AINN-$(call FRAMECRC, IMAGE_AINN_PIPE, LIBAINN, AINN_PARSER) += fate-ainn-parser fate-ainn-parser-junk
fate-ainn-parser: CMD = framecrc -f ainn_pipe -i $(AINN_SAMPLES)/concat.ainn
fate-ainn-parser-junk: CMD = framecrc -f ainn_pipe -i $(AINN_SAMPLES)/junk.bin

FATE_AINN-$(call FRAMECRC, IMAGE2, LIBAINN) += fate-ainn-image2
fate-ainn-image2: CMD = framecrc -i $(AINN_SAMPLES)/frame%02d.ainn

# Muxing: without libainn, the packets and their side data.
FATE_AINN-$(call REMUX, AINN, AINN_DEMUXER) += fate-ainn-mux fate-ainn-mux-still
fate-ainn-mux: CMD = md5 -i $(AINN_SAMPLES)/sequence.ainn -c copy -f ainn
fate-ainn-mux-still: CMD = md5 -i $(AINN_SAMPLES)/rgb24.ainn -c copy -f ainn

# The containers' own bytes differ between releases: only what comes out again counts.
define FATE_AINN_REMUX
FATE_AINN-$(call ALLYES, $(2)_MUXER $(2)_DEMUXER) += fate-ainn-$(1)
fate-ainn-$(1): CMD = ffmpeg -i $(AINN_SAMPLES)/sequence.ainn -c copy -f $(1) -y $(TARGET_PATH)/tests/data/fate/ainn-$(1).out && framecrc -i $(TARGET_PATH)/tests/data/fate/ainn-$(1).out
endef
ifneq ($(call FRAMECRC, AINN, LIBAINN),)
$(foreach N,matroska nut avi mov,$(eval $(call FATE_AINN_REMUX,$(N),$(shell echo $(N) | tr a-z A-Z))))
endif

# Encoding is exact as well.
AINN_ENC = md5 -i $(AINN_SAMPLES)/source.png -f ainn -c:v ainn -model fast
FATE_AINN-$(call DEMDEC, IMAGE2, PNG, LIBAINN_ENCODER AINN_MUXER SCALE_FILTER FORMAT_FILTER) +=                        \
    fate-ainn-enc fate-ainn-enc-q fate-ainn-enc-best fate-ainn-enc-gray fate-ainn-enc-rgba fate-ainn-enc-rgb48 \
    fate-ainn-enc-gbrp10 fate-ainn-enc-yuv420p fate-ainn-enc-target-size fate-ainn-enc-target-psnr             \
    fate-ainn-enc-effort fate-ainn-enc-standard
AINN_SCALE = scale=sws_flags=+accurate_rnd+bitexact
fate-ainn-enc:             CMD = $(AINN_ENC) -quality 50
fate-ainn-enc-q:           CMD = $(AINN_ENC) -q:v 8
fate-ainn-enc-best:        CMD = $(AINN_ENC) -quality 100
fate-ainn-enc-gray:        CMD = md5 -i $(AINN_SAMPLES)/gray.ainn -f ainn -c:v ainn -model fast
fate-ainn-enc-rgba:        CMD = $(AINN_ENC) -vf $(AINN_SCALE),format=rgba
fate-ainn-enc-rgb48:       CMD = $(AINN_ENC) -vf $(AINN_SCALE),format=rgb48
fate-ainn-enc-gbrp10:      CMD = $(AINN_ENC) -vf $(AINN_SCALE),format=gbrp10
fate-ainn-enc-yuv420p:     CMD = $(AINN_ENC) -vf $(AINN_SCALE),format=yuv420p,$(AINN_SCALE),format=rgb24
fate-ainn-enc-target-size: CMD = $(AINN_ENC) -target_size 1000
fate-ainn-enc-target-psnr: CMD = $(AINN_ENC) -target_psnr 32
fate-ainn-enc-effort:      CMD = $(AINN_ENC) -effort 0
fate-ainn-enc-standard:    CMD = md5 -i $(AINN_SAMPLES)/source.png -f ainn -c:v ainn -profile:v standard

FATE_SAMPLES_FFMPEG += $(FATE_AINN-yes)

# What ffprobe tells runs no network.
AINN_PROBE = run ffprobe$(PROGSSUF)$(EXESUF) -v error
AINN_PROBE_STREAM = stream=codec_name,profile,width,height,pix_fmt,color_range,color_space,color_transfer,color_primaries,avg_frame_rate,nb_frames
FATE_AINN_PROBE-$(call ALLYES, AINN_DEMUXER LIBAINN_DECODER FILE_PROTOCOL) += fate-ainn-probe fate-ainn-probe-sequence
fate-ainn-probe: CMD = $(AINN_PROBE) -show_entries $(AINN_PROBE_STREAM):packet=size:packet_tags $(AINN_SAMPLES)/rgba.ainn
fate-ainn-probe-sequence: CMD = $(AINN_PROBE) -show_entries $(AINN_PROBE_STREAM),duration:packet=pts,size:packet_tags $(AINN_SAMPLES)/sequence.ainn

FATE_AINN_PROBE-$(call ALLYES, AINN_DEMUXER LIBAINN_DECODER FILE_PROTOCOL) += fate-ainn-metadata
# Side data of newer releases is left out: flat prints no empty sections.
fate-ainn-metadata: CMD = $(AINN_PROBE) -of flat -skip_idct all -show_entries frame=pict_type,width,height:frame_tags=Make,Copyright,xmp,ainn.quality $(AINN_SAMPLES)/metadata.ainn

FATE_SAMPLES_FFPROBE += $(FATE_AINN_PROBE-yes)

fate-ainn: $(FATE_AINN-yes) $(FATE_AINN_PROBE-yes)
