package metrics

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// Events writes a TensorBoard event file: records of TensorFlow's TFRecord framing, each a
// tensorflow.Event message. The field numbers below are those of TensorFlow's event.proto and
// summary.proto.
type Events struct {
	file    *os.File
	message []byte // scratch
	frame   []byte // scratch
}

const (
	eventWallTime    = 1 // double, seconds since 1970
	eventStep        = 2 // int64
	eventFileVersion = 3 // string
	eventSummary     = 5 // Summary
	eventSessionLog  = 7 // SessionLog
	sessionStatus    = 1 // enum
	sessionStart     = 1
	summaryValue     = 1 // repeated Value
	valueTag         = 1 // string
	valueSimple      = 2 // float
)

// CreateEvents creates an event file in the folder. TensorBoard then ignores records of step from and later
// steps in earlier files.
func CreateEvents(dir string, from int64) (*Events, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "localhost"
	}
	now := time.Now()
	name := fmt.Sprintf("events.out.tfevents.%010d.%s.%d.%09d", now.Unix(), filepath.Base(host), os.Getpid(), now.Nanosecond())
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	e := &Events{file: f}
	e.begin(0)
	e.message = protowire.AppendTag(e.message, eventFileVersion, protowire.BytesType)
	e.message = protowire.AppendString(e.message, "brain.Event:2")
	err = e.end()
	if err == nil {
		var session []byte
		session = protowire.AppendTag(session, sessionStatus, protowire.VarintType)
		session = protowire.AppendVarint(session, sessionStart)
		e.begin(from)
		e.message = protowire.AppendTag(e.message, eventSessionLog, protowire.BytesType)
		e.message = protowire.AppendBytes(e.message, session)
		err = e.end()
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return e, nil
}

// Write adds the known numbers of a record as scalars called NAME/SPLIT, for example loss/train, and the norms of gradients
// as grad_norms/LAYER.
func (e *Events) Write(r Record) error {
	var summary, value []byte
	add := func(name string, x float64) {
		if !finite(x) {
			return
		}
		value = protowire.AppendTag(value[:0], valueTag, protowire.BytesType)
		value = protowire.AppendString(value, name)
		value = protowire.AppendTag(value, valueSimple, protowire.Fixed32Type)
		value = protowire.AppendFixed32(value, math.Float32bits(float32(x)))
		summary = protowire.AppendTag(summary, summaryValue, protowire.BytesType)
		summary = protowire.AppendBytes(summary, value)
	}
	for _, f := range r.fields() {
		add(f.name+"/"+r.Split, *f.value)
	}
	for _, layer := range slices.Sorted(maps.Keys(r.GradNorms)) {
		add("grad_norms/"+layer, r.GradNorms[layer])
	}
	e.begin(r.Step)
	e.message = protowire.AppendTag(e.message, eventSummary, protowire.BytesType)
	e.message = protowire.AppendBytes(e.message, summary)
	return e.end()
}

// begin starts a message with its time and step.
func (e *Events) begin(step int64) {
	seconds := float64(time.Now().UnixNano()) / 1e9
	e.message = protowire.AppendTag(e.message[:0], eventWallTime, protowire.Fixed64Type)
	e.message = protowire.AppendFixed64(e.message, math.Float64bits(seconds))
	e.message = protowire.AppendTag(e.message, eventStep, protowire.VarintType)
	e.message = protowire.AppendVarint(e.message, uint64(step))
}

// end frames the message and writes it in one call: length, masked checksum of the length, data,
// masked checksum of the data.
func (e *Events) end() error {
	e.frame = binary.LittleEndian.AppendUint64(e.frame[:0], uint64(len(e.message)))
	e.frame = binary.LittleEndian.AppendUint32(e.frame, maskedChecksum(e.frame))
	e.frame = append(e.frame, e.message...)
	e.frame = binary.LittleEndian.AppendUint32(e.frame, maskedChecksum(e.message))
	_, err := e.file.Write(e.frame)
	return err
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedChecksum is that of TFRecord: CRC-32C rotated right by 15 bits plus a constant. It makes checksums of
// data that contains checksums reliable.
func maskedChecksum(data []byte) uint32 {
	c := crc32.Checksum(data, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}

// Close closes the file.
func (e *Events) Close() error { return e.file.Close() }
