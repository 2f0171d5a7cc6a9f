meta:
  id: inrv
  title: Video and sound as the weights of small neural networks
  file-extension: inrv
  ks-version: "0.10"
  endian: le
  encoding: UTF-8
doc: |
  What `inrv.md` says of bytes: header, boxes, streams, tags, chunks down to the tensor records of each unit, index and
  footer. Payloads stay bytes. CRCs, limits and the rules between fields are not checked here; a parser from this file
  is for looking at files that a decoder has accepted.
doc-ref: inrv.md
seq:
  - id: header
    type: file_header
  - id: boxes
    type: box
    repeat: until
    repeat-until: _.type == "ENDF"
  - id: footer
    type: footer
types:
  file_header:
    doc-ref: inrv.md, section 2
    seq:
      - id: magic
        contents: [0x89, 0x49, 0x4e, 0x52, 0x0d, 0x0a, 0x1a, 0x0a]
      - id: header_length
        type: u2
        valid:
          min: 28
      - id: version_written
        type: u2
      - id: version_needed
        type: u2
        valid: 1
      - id: reserved
        type: u2
        valid: 0
      - id: must_understand
        type: u4
        valid: 0
      - id: may_ignore
        type: u4
      - id: later_fields
        size: header_length - 28
      - id: crc
        type: u4
  box:
    doc-ref: inrv.md, section 3
    seq:
      - id: sync
        contents: [0xf7, 0x49, 0x42, 0x0a]
      - id: type
        type: str
        size: 4
        encoding: ASCII
      - id: flags
        type: u2
        valid: 0
      - id: length
        type: u8
      - id: sequence
        type: u4
      - id: header_crc
        type: u4
      - id: content
        size: length
        type:
          switch-on: type
          cases:
            '"STRM"': stream
            '"tags"': tags
            '"CHNK"': chunk
            '"INDX"': index
      - id: content_crc
        type: u4
  ratio:
    seq:
      - id: numerator
        type: u4
      - id: denominator
        type: u4
  stream:
    doc-ref: inrv.md, section 4
    seq:
      - id: stream
        type: u1
      - id: kind
        type: u1
        enum: medium
      - id: description
        type:
          switch-on: kind
          cases:
            'medium::picture': picture_stream
            'medium::sound': sound_stream
  picture_stream:
    seq:
      - id: width
        type: u4
      - id: height
        type: u4
      - id: time_base
        type: ratio
      - id: sample_aspect_ratio
        type: ratio
      - id: average_rate
        type: ratio
      - id: rotation
        type: u2
      - id: chroma
        type: u1
        enum: chroma
      - id: bit_depth
        type: u1
      - id: color_range
        type: u1
        enum: color_range
      - id: matrix
        type: u1
      - id: primaries
        type: u1
      - id: transfer
        type: u1
      - id: chroma_location
        type: u1
      - id: field_order
        type: u1
  sound_stream:
    seq:
      - id: sample_rate_hz
        type: u4
      - id: channels
        type: u2
      - id: bit_depth
        type: u1
      - id: layout
        type: strz
        size: 32
        encoding: ASCII
  tags:
    doc-ref: inrv.md, section 5
    seq:
      - id: text
        type: str
        size-eos: true
  chunk:
    doc-ref: inrv.md, section 6
    seq:
      - id: index
        type: u4
      - id: contents
        type: u1
        valid:
          min: 1
          max: 3
      - id: reserved
        type: u1
        valid: 0
      - id: unit_count
        type: u2
      - id: picture
        type: picture_span
        if: contents & 1 != 0
      - id: sound
        type: sound_span
        if: contents & 2 != 0
      - id: units
        type: unit
        repeat: expr
        repeat-expr: unit_count
  picture_span:
    seq:
      - id: stream
        type: u1
      - id: pts_mode
        type: u1
        enum: pts_mode
      - id: first_frame
        type: u8
      - id: frame_count
        type: u4
        valid:
          min: 1
      - id: first_pts
        type: s8
      - id: pts_step
        type: u4
      - id: last_duration
        type: u4
      - id: tile_columns
        type: u1
      - id: tile_rows
        type: u1
      - id: tile_overlap
        type: u2
      - id: psnr_db
        type: f4
      - id: differences
        type: u4
        repeat: expr
        repeat-expr: frame_count - 1
        if: pts_mode == pts_mode::explicit
  sound_span:
    seq:
      - id: stream
        type: u1
      - id: flags
        type: u1
      - id: first_sample
        type: u8
      - id: sample_count
        type: u4
      - id: pts
        type: s8
      - id: overlap
        type: u4
      - id: snr_db
        type: f4
    instances:
      denoise:
        value: flags & 1 != 0
  unit:
    doc-ref: inrv.md, section 6.1
    seq:
      - id: contents
        type: u1
      - id: family
        type: u1
        enum: family
      - id: tile
        type: u2
      - id: spec_length
        type: u2
      - id: tensor_count
        type: u2
      - id: coder
        type: u1
        enum: coder
      - id: reserved
        type: u1
        valid: 0
      - id: raw_length
        type: u4
      - id: stored_length
        type: u4
      - id: symbols_crc
        type: u4
      - id: spec
        size: spec_length
        type:
          switch-on: family
          cases:
            'family::siren': siren_spec
            'family::av_siren': av_siren_spec
            'family::audio_siren': audio_siren_spec
            'family::lapped': lapped_spec
            'family::coded': coded_spec
      - id: tensors
        type: tensor
        repeat: expr
        repeat-expr: tensor_count
      - id: payload
        size: stored_length
  tensor:
    doc: The scale is the upper half of an f32 whose lower half is 0.
    seq:
      - id: form
        type: u1
      - id: scale_high
        type: u2
      - id: zero_point
        type: u4
        if: mode == 1
    instances:
      bits:
        value: form & 0x7f
      mode:
        value: form >> 7
  siren_spec:
    doc-ref: inrv.md, section 7.1
    seq:
      - id: embedding
        type: u1
        enum: embedding
      - id: activation
        type: u1
        enum: activation
      - id: motion
        type: u1
        enum: motion
      - id: depth
        type: u1
      - id: first
        type: u2
      - id: width
        type: u2
      - id: lengths
        type: u1
        repeat: expr
        repeat-expr: 3
      - id: scales
        type: f4
        repeat: expr
        repeat-expr: 3
      - id: omega
        type: f4
  av_siren_spec:
    doc-ref: inrv.md, section 7.2
    seq:
      - id: depth
        type: u1
      - id: branch
        type: u2
      - id: width
        type: u2
      - id: omega
        type: f4
  audio_siren_spec:
    doc-ref: inrv.md, section 7.3
    seq:
      - id: octaves
        type: u1
      - id: heads
        type: u1
      - id: depth
        type: u1
      - id: first
        type: u2
      - id: width
        type: u2
      - id: head_width
        type: u2
      - id: omega
        type: f4
  lapped_spec:
    doc-ref: inrv.md, section 7.4
    seq:
      - id: hop
        type: u2
      - id: waves
        type: u2
      - id: span
        type: u1
      - id: joint
        type: u1
      - id: exponent
        type: f4
  coded_spec:
    doc-ref: inrv.md, section 7.8
    seq:
      - id: codec
        type: u1
      - id: rate_hz
        type: u4
      - id: discard
        type: u4
      - id: edit_count
        type: u2
      - id: edits
        type: coded_edit
        repeat: expr
        repeat-expr: edit_count
      - id: extradata
        size-eos: true
  coded_edit:
    seq:
      - id: place
        type: u4
      - id: samples
        type: s4
  index:
    doc-ref: inrv.md, section 8
    seq:
      - id: entry_count
        type: u4
      - id: frame_count
        type: u8
      - id: sample_count
        type: u8
      - id: video_end
        type: s8
      - id: audio_end
        type: s8
      - id: entries
        type: index_entry
        repeat: expr
        repeat-expr: entry_count
  index_entry:
    seq:
      - id: offset
        type: u8
      - id: length
        type: u8
      - id: chunk
        type: u4
      - id: frame_count
        type: u4
      - id: first_frame
        type: u8
      - id: first_pts
        type: s8
      - id: sample_count
        type: u4
      - id: reserved
        type: u4
        valid: 0
      - id: first_sample
        type: u8
      - id: psnr_db
        type: f4
      - id: snr_db
        type: f4
  footer:
    seq:
      - id: index_offset
        type: u8
      - id: index_length
        type: u8
      - id: file_length
        type: u8
      - id: crc
        type: u4
      - id: magic
        contents: INRE
enums:
  medium:
    1: picture
    2: sound
  chroma:
    0: gray
    1: c420
    2: c422
    3: c444
    4: rgb
  color_range:
    0: unknown
    1: limited
    2: full
  pts_mode:
    0: constant
    1: explicit
  family:
    1: siren
    2: av_siren
    3: audio_siren
    4: lapped
    5: coded
  coder:
    0: stored
    1: lzma2
    2: zstd
    3: rans
  embedding:
    0: waves
    1: power
    2: gaussian
    3: gabor
  activation:
    0: sine
    1: relu
  motion:
    0: still
    1: affine
    2: grid
