"""Curves for other programs: CSV, TensorBoard's event files, and the two-by-two figure."""

import csv
import io
import struct
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.runs.made_runs import evaluation, make_training_events, started, step
from txt.charts.run_figure import figure, render_page
from txt.charts.shapes import HEIGHT, WIDTH, png, svg
from txt.errors import InputError
from txt.runs.curves import Curves, collect_curves
from txt.runs.export import list_columns, write_csv
from txt.runs.tensorboard import crc32c, mask_checksum, write_tensorboard

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def curves() -> Curves:
    return collect_curves([*make_training_events(0.8)[:-1], evaluation(65, 0.7)])


def test_a_csv_has_a_line_a_record_with_every_number_unrounded(curves):
    file = io.StringIO()
    assert write_csv({"a,b": curves, "two": curves}, file) == 2 * 16
    rows = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert list(rows[0]) == list_columns()
    assert [row["kind"] for row in rows[:16]].count("epoch") == 3
    assert rows[15]["kind"] == "evaluation"
    assert {row["run"] for row in rows} == {"a,b", "two"}
    for row, event in zip([row for row in rows[:16] if row["kind"] == "step"], curves.steps, strict=True):
        assert (int(row["step"]), float(row["train_loss"]), row["val_loss"]) == (event.step, event.loss, "")
    epoch = next(row for row in rows if row["kind"] == "epoch")
    assert (float(epoch["val_macro_f1"]), float(epoch["train_loss"]), epoch["best"]) == (0.78, 0.9, "true")


def test_what_a_resumed_run_did_twice_is_written_once():
    file = io.StringIO()
    events = [started(), step(5), step(10), evaluation(20, 0.5), started(5), step(10), evaluation(20, 0.6)]
    assert write_csv({"1": collect_curves(events)}, file) == 3
    assert "0.5" not in {row["val_accuracy"] for row in csv.DictReader(io.StringIO(file.getvalue()))}


def test_checksums_are_those_of_the_standard():
    # RFC 3720, B.4, and TensorFlow's core/lib/hash/crc32c_test.cc
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E
    assert mask_checksum(b"123456789") == ((0xE3069283 >> 15 | 0xE3069283 << 17) + 0xA282EAD8) % 2**32


def crc_bit_by_bit(data: bytes) -> int:
    """CRC-32C by its definition: the remainder of a division of polynomials."""
    remainder = 0xFFFFFFFF
    for byte in data:
        for bit in range(8):
            carry = (remainder ^ byte >> bit) & 1
            remainder = remainder >> 1 ^ (0x82F63B78 if carry else 0)
    return remainder ^ 0xFFFFFFFF


def records(path: Path) -> list[bytes]:
    """The messages of a TFRecord file, every checksum checked."""
    content, messages = path.read_bytes(), []
    while content:
        (length,) = struct.unpack("<Q", content[:8])
        message = content[12 : 12 + length]
        for part, stored in ((content[:8], content[8:12]), (message, content[12 + length : 16 + length])):
            crc = crc_bit_by_bit(part)
            assert struct.unpack("<I", stored)[0] == ((crc >> 15 | crc << 17) + 0xA282EAD8) % 2**32
        messages.append(message)
        content = content[16 + length :]
    return messages


def event_class():
    """The `Event` of tensorflow/core/util/event.proto, as far as scalars need it, made by protobuf itself."""
    descriptor_pb2 = pytest.importorskip("google.protobuf.descriptor_pb2")
    from google.protobuf import descriptor_pool, message_factory

    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="event.proto", package="t", syntax="proto3")

    def message(name, *fields):
        made = file.message_type.add(name=name)
        for number, (field, kind, label, of) in fields:
            made.field.add(name=field, number=number, type=kind, label=label, type_name=of)

    one, many = kinds.LABEL_OPTIONAL, kinds.LABEL_REPEATED
    message("Value", (1, ("tag", kinds.TYPE_STRING, one, None)), (2, ("simple_value", kinds.TYPE_FLOAT, one, None)))
    message("Summary", (1, ("value", kinds.TYPE_MESSAGE, many, ".t.Value")))
    message(
        "Event",
        (1, ("wall_time", kinds.TYPE_DOUBLE, one, None)),
        (2, ("step", kinds.TYPE_INT64, one, None)),
        (3, ("file_version", kinds.TYPE_STRING, one, None)),
        (5, ("summary", kinds.TYPE_MESSAGE, one, ".t.Summary")),
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("t.Event"))


def test_protobuf_reads_the_event_file_as_it_was_meant(curves, tmp_path):
    event_kind = event_class()
    path = write_tensorboard(curves, "001", tmp_path)
    assert path.parent == tmp_path / "001"
    assert "tfevents" in path.name
    events = [event_kind.FromString(message) for message in records(path)]
    assert events[0].file_version == "brain.Event:2"
    assert [event.step for event in events[1:]] == sorted(event.step for event in events[1:])
    assert [event.SerializeToString() for event in events[1:]] == records(path)[1:]  # nothing was left unread
    found = {(event.step, value.tag): value.simple_value for event in events for value in event.summary.value}
    for entry in curves.steps:
        assert found[entry.step, "train/loss"] == pytest.approx(entry.loss)
        assert found[entry.step, "training/learning_rate"] == pytest.approx(entry.learning_rate)
    for scored in curves.evaluations:
        assert found[scored.step, "val/macro_f1"] == pytest.approx(scored.metrics["macro_f1"])
    assert found[20, "train/epoch_loss"] == pytest.approx(0.9)
    assert events[1].wall_time == curves.steps[0].time


def test_tensorboard_itself_reads_the_event_file(curves, tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    write_tensorboard(curves, "001", tmp_path)
    reader = accumulator.EventAccumulator(str(tmp_path / "001"))
    reader.Reload()
    assert [entry.step for entry in reader.Scalars("val/loss")] == [20, 40, 60, 65]


def test_tensorboards_own_plugin_has_options_beside_scores(curves, tmp_path):
    multiplexer = pytest.importorskip("tensorboard.backend.event_processing.plugin_event_multiplexer")
    from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
    from tensorboard.context import RequestContext
    from tensorboard.plugins.base_plugin import TBContext
    from tensorboard.plugins.hparams import api_pb2, backend_context, get_experiment, list_session_groups

    for name, rate in (("one", 0.001), ("two", 0.01)):
        options = {"learning_rate": rate, "recipe": "scratch", "class_weights": True}
        write_tensorboard(curves, name, tmp_path, options, {"test_accuracy": 0.8, "test_accuracy_low": 0.7})
    read = multiplexer.EventMultiplexer().AddRunsFromDirectory(str(tmp_path))
    read.Reload()
    provider = MultiplexerDataProvider(read, str(tmp_path))
    context = backend_context.Context(TBContext(data_provider=provider, logdir=str(tmp_path)))
    arguments = RequestContext(), context, "123"
    experiment = get_experiment.Handler(*arguments, api_pb2.GetExperimentRequest()).run()
    assert {info.name for info in experiment.hparam_infos} == {"learning_rate", "recipe", "class_weights"}
    assert {"accuracy", "macro_f1"} <= {info.name.tag.split("/")[-1] for info in experiment.metric_infos}
    wanted = [api_pb2.STATUS_SUCCESS]
    request = api_pb2.ListSessionGroupsRequest(slice_size=9, allowed_statuses=wanted, col_params=[])
    groups = list_session_groups.Handler(*arguments, request).run().session_groups
    assert {group.hparams["learning_rate"].number_value for group in groups} == {0.001, 0.01}
    assert {group.hparams["recipe"].string_value for group in groups} == {"scratch"}
    assert all(group.hparams["class_weights"].bool_value for group in groups)


def test_an_export_replaces_the_one_before(curves, tmp_path):
    path = write_tensorboard(curves, "001", tmp_path)
    before = path.read_bytes()
    assert write_tensorboard(curves, "001", tmp_path) == path
    assert path.read_bytes() == before
    assert len(list((tmp_path / "001").iterdir())) == 1


def test_the_figure_is_sound_svg_with_four_plots_in_their_places(curves):
    drawing = ElementTree.fromstring(svg(figure(curves, "<run>\x1b[1m & co")))
    texts = [text.text or "" for text in drawing.iter(SVG + "text")]
    assert texts[0] == "<run>␛[1m & co"
    for title in ("Loss", "Accuracy", "Learning rate", "Gap: val loss above train loss"):
        assert title in texts
    for line in drawing.iter(SVG + "polyline"):
        points = [tuple(map(float, point.split(","))) for point in line.get("points", "").split()]
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)


def test_a_point_lies_where_its_value_says():
    curves = collect_curves([started(), step(20), evaluation(20, 0.5), step(40), evaluation(40, 1.0), step(60)])
    drawing = ElementTree.fromstring(svg(figure(curves, "1")))
    accuracy = [line for line in drawing.iter(SVG + "polyline") if line.get("stroke") == "#b45309"]
    (x0, y0), (x1, y1) = (tuple(map(float, point.split(","))) for point in accuracy[2].get("points", "").split())
    left, width = 554, 380
    assert (x0, x1) == pytest.approx((left + width / 3, left + width * 2 / 3), abs=0.1)  # epochs 1 and 2 of 3
    ticks = {
        float(text.text or ""): float(text.get("y", 0)) - 4
        for text in drawing.iter(SVG + "text")
        if text.get("text-anchor") == "end" and text.get("x") == "546.0" and float(text.get("y", 0)) < 400
    }
    assert y1 == pytest.approx(ticks[1.0], abs=0.1)
    assert y0 == pytest.approx(ticks[0.5], abs=0.1)


def test_a_long_training_is_thinned_without_losing_its_peaks():
    steps = [step(number) for number in range(1, 40_001)]
    peak = next(each for each in steps if each.step == 12_345)
    object.__setattr__(peak, "loss", 50.0)
    drawing = svg(figure(collect_curves([started(epochs=2000), *steps]), "1"))
    assert len(drawing) < 200_000
    raw = next(
        line for line in ElementTree.fromstring(drawing).iter(SVG + "polyline") if line.get("stroke") == "#a9c3ef"
    )
    assert min(float(point.split(",")[1]) for point in raw.get("points", "").split()) == pytest.approx(100, abs=0.2)


def test_losses_that_are_no_numbers_and_epochs_that_never_ended_do_no_harm():
    broken = step(10)
    object.__setattr__(broken, "loss", float("nan"))
    for events in ([started(), broken], [started(), step(5)], [started(), step(5), evaluation(7, 0.5)]):
        assert ElementTree.fromstring(svg(figure(collect_curves(events), "1"))) is not None


def test_there_is_no_figure_of_nothing():
    with pytest.raises(InputError, match="no curves"):
        figure(collect_curves([started()]), "1")


def test_the_page_loads_nothing_and_shows_names_as_text(curves):
    content = render_page(figure(curves, "1"), "<script>alert(1)</script>", ["lr 0.001"])
    assert "<script" not in content
    assert "http" not in content.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")
    assert "lr 0.001" in content


def test_a_png_shows_the_curves_in_their_colours(curves):
    image_kind = pytest.importorskip("PIL.Image")
    image = image_kind.open(io.BytesIO(png(figure(curves, "1"))))
    assert image.size == (2 * WIDTH, 2 * HEIGHT)
    colors = {color for _, color in image.convert("RGB").getcolors(1 << 24)}
    assert {(0x1F, 0x5F, 0xD0), (0xB4, 0x53, 0x09), (0x7A, 0x3F, 0xA0)} <= colors


def test_without_pillow_a_png_is_refused_and_says_what_to_do(curves, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(InputError, match="needs Pillow") as caught:
        png(figure(curves, "1"))
    assert caught.value.hint == "pip install pillow, or --svg"
