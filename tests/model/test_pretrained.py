"""Pretrained encoders on flat tokens give what `transformers` gives on padded rows."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    CamembertConfig,
    CamembertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    RobertaConfig,
    RobertaForMaskedLM,
    RobertaForSequenceClassification,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)

from txt.config import TrainConfig
from txt.errors import InputError
from txt.export import modeling_sentence
from txt.model.bert import BertClassifier
from txt.model.build import _freeze
from txt.model.classifier import TransformerClassifier, TransformerClassifierConfig
from txt.model.dropout import Dropout, draw_mask_pool
from txt.model.model_config import BertConfig as OurConfig
from txt.model.pretrained import (
    PretrainedClassifier,
    SentenceClassifier,
    SentenceClassifierConfig,
    find_depth,
    load_pretrained,
    shares_layers,
)
from txt.model.saved import load_model

SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
LENGTHS = [2, 3, 3, 9]
CPU = torch.device("cpu")


def bert(**options) -> BertForSequenceClassification:
    return BertForSequenceClassification(BertConfig(vocab_size=50, num_labels=3, **SIZES, **options))


def sentence() -> SentenceClassifier:
    encoder = BertConfig(vocab_size=50, **SIZES).to_dict()
    return SentenceClassifier(SentenceClassifierConfig(encoder=encoder, num_labels=3))


def exported_sentence() -> modeling_sentence.SentenceClassifier:
    encoder = BertConfig(vocab_size=50, **SIZES).to_dict()
    return modeling_sentence.SentenceClassifier(
        modeling_sentence.SentenceClassifierConfig(encoder=encoder, num_labels=3)
    )


def roberta() -> RobertaForSequenceClassification:
    return RobertaForSequenceClassification(RobertaConfig(vocab_size=50, num_labels=3, pad_token_id=1, **SIZES))


def xlm_roberta() -> XLMRobertaForSequenceClassification:
    return XLMRobertaForSequenceClassification(XLMRobertaConfig(vocab_size=50, num_labels=3, **SIZES))


def camembert() -> CamembertForSequenceClassification:
    return CamembertForSequenceClassification(
        CamembertConfig(vocab_size=50, num_labels=3, hidden_act="gelu_new", type_vocab_size=1, **SIZES)
    )


def distilbert() -> DistilBertForSequenceClassification:
    return DistilBertForSequenceClassification(
        DistilBertConfig(vocab_size=50, num_labels=3, dim=32, hidden_dim=64, n_layers=2, n_heads=4)
    )


def rows() -> torch.Tensor:
    return torch.randint(5, 50, (sum(LENGTHS),), generator=torch.Generator().manual_seed(3))


def padded(token_ids: torch.Tensor, pad_token_id: int) -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.nn.utils.rnn.pad_sequence(list(token_ids.split(LENGTHS)), True, pad_token_id)
    mask = torch.arange(ids.shape[1]) < torch.tensor(LENGTHS)[:, None]
    return ids, mask.long()


FAMILIES = [bert, roberta, xlm_roberta, camembert]


@pytest.mark.parametrize("make", [*FAMILIES, distilbert])
def test_flat_logits_and_gradients_are_those_of_transformers(make):
    torch.manual_seed(1)
    model = make().eval()
    flat = PretrainedClassifier(model).eval()
    ids, mask = padded(rows(), getattr(model.config, "encoder", model.config).pad_token_id)
    expected = model(input_ids=ids, attention_mask=mask).logits
    weights = torch.arange(12, dtype=torch.float32).view(4, 3)
    (expected * weights).sum().backward()
    wanted = {name: parameter.grad for name, parameter in model.named_parameters() if parameter.grad is not None}
    model.zero_grad()
    found = flat.classify(rows(), LENGTHS)
    (found * weights).sum().backward()
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    for name, parameter in model.named_parameters():
        if name in wanted:
            gradient = parameter.grad.to_dense() if parameter.grad.is_sparse else parameter.grad
            torch.testing.assert_close(gradient, wanted[name], atol=1e-4, rtol=1e-3)


def shake(model: torch.nn.Module) -> torch.nn.Module:
    """Give every weight a value of its own, so that none can be mistaken for another or left out."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.2)
    return model


@pytest.mark.parametrize("make", [*FAMILIES, exported_sentence])
def test_a_folder_of_transformers_is_loaded_without_it(make, tmp_path):
    model = shake(make()).eval()
    model.save_pretrained(tmp_path)
    loaded = load_model(tmp_path, CPU)
    assert type(loaded.model).__module__.startswith("txt.model.")
    ids, mask = padded(rows(), getattr(model.config, "encoder", model.config).pad_token_id)
    found = loaded.classify(rows(), LENGTHS)
    torch.testing.assert_close(found, model(input_ids=ids, attention_mask=mask).logits, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("make", [*FAMILIES, exported_sentence])
def test_what_is_written_here_is_what_transformers_writes_and_reads(make, tmp_path):
    model = shake(make()).eval()
    model.save_pretrained(tmp_path / "theirs")
    load_model(tmp_path / "theirs", CPU).save_pretrained(tmp_path / "ours")
    written = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("theirs", "ours")]
    assert written[0] == written[1]
    again = AutoModelForSequenceClassification.from_pretrained(tmp_path / "ours").eval()
    ids, mask = padded(rows(), getattr(model.config, "encoder", model.config).pad_token_id)
    assert torch.equal(
        again(input_ids=ids, attention_mask=mask).logits, model(input_ids=ids, attention_mask=mask).logits
    )
    configs = [AutoConfig.from_pretrained(tmp_path / name).to_dict() for name in ("theirs", "ours")]
    assert [config.pop("_name_or_path", None) for config in configs]
    assert configs[0] == configs[1]


@pytest.mark.parametrize("make", FAMILIES)
def test_weights_lie_in_the_order_of_transformers(make, tmp_path):
    """Checkpoints hold all weights end to end, those of runs that were trained with its modules too."""
    model = make()
    model.save_pretrained(tmp_path)
    ours = BertClassifier.from_pretrained(tmp_path)
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in model.named_parameters()]


@pytest.mark.parametrize("kind", [BertConfig, RobertaConfig, XLMRobertaConfig, CamembertConfig])
def test_what_a_config_leaves_out_is_as_in_transformers(kind):
    theirs, ours = kind(), OurConfig({"model_type": kind.model_type})
    for name in ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"):
        assert getattr(ours, name) == getattr(theirs, name)
    for name in ("max_position_embeddings", "type_vocab_size", "pad_token_id", "layer_norm_eps", "initializer_range"):
        assert getattr(ours, name) == getattr(theirs, name)


@pytest.mark.parametrize("options", [{"hidden_act": "mish"}, {"is_decoder": True}])
def test_what_is_not_computed_here_is_left_to_transformers(options, tmp_path):
    model = bert(**options).eval()
    model.save_pretrained(tmp_path)
    loaded = load_model(tmp_path, CPU)
    ids, mask = padded(rows(), 0)
    assert type(loaded.model) is BertForSequenceClassification
    found = loaded.classify(rows(), LENGTHS)
    torch.testing.assert_close(found, model(input_ids=ids, attention_mask=mask).logits, atol=1e-5, rtol=1e-4)


def test_an_encoder_is_found_below_another_head(tmp_path):
    other = shake(RobertaForMaskedLM(RobertaConfig(vocab_size=50, **SIZES)))
    other.save_pretrained(tmp_path)
    loaded = load_pretrained(str(tmp_path), ("a", "b"), seed=1)
    own, theirs = loaded.model.base_model.state_dict(), other.roberta.state_dict()
    assert own.keys() == theirs.keys()
    assert all(torch.equal(own[name], theirs[name]) for name in own)
    assert loaded.new_head


def test_layer_norms_of_the_first_checkpoints_are_found(tmp_path):
    model = shake(bert()).eval()
    model.save_pretrained(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    old = {
        n.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): t
        for n, t in tensors.items()
    }
    save_file(old, tmp_path / "model.safetensors")
    expected = PretrainedClassifier(model).classify(rows(), LENGTHS)
    assert torch.equal(load_model(tmp_path, CPU).classify(rows(), LENGTHS), expected)


def test_a_missing_weight_is_named(tmp_path):
    bert().save_pretrained(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    name = "bert.encoder.layer.1.output.dense.weight"
    save_file({each: tensor for each, tensor in tensors.items() if each != name}, tmp_path / "model.safetensors")
    with pytest.raises(InputError, match=rf"holds no weight `{name}`"):
        load_model(tmp_path, CPU)


@pytest.mark.parametrize("make", [sentence, distilbert])
def test_dropout_follows_from_the_step_alone(make):
    model = PretrainedClassifier(make()).train()
    pool = draw_mask_pool(0.5, 1, torch.float32, CPU, 1 << 16)
    first, again, other = (model.classify(rows(), LENGTHS, Dropout(pool, step)) for step in (7, 7, 8))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_checkpointed_gradients_are_the_same():
    model = PretrainedClassifier(sentence()).train()
    pool = draw_mask_pool(0.2, 1, torch.float32, CPU, 1 << 16)
    gradients = []
    for checkpointing in (False, True):
        model.zero_grad()
        model.gradient_checkpointing = checkpointing
        model.classify(rows(), LENGTHS, Dropout(pool, 3)).sum().backward()
        gradients.append(model.model.encoder.encoder.layer[0].output.dense.weight.grad.clone())
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("make", [bert, sentence, distilbert])
def test_a_saved_model_is_loaded_as_it_was(make, tmp_path):
    model = PretrainedClassifier(make()).eval()
    model.save_pretrained(tmp_path / "model")
    again = load_model(tmp_path / "model", CPU)
    assert torch.equal(again.classify(rows(), LENGTHS), model.classify(rows(), LENGTHS))


def test_the_head_keeps_the_rows_of_labels_that_it_knows(tmp_path):
    model = bert()
    model.config.id2label = {0: "bad", 1: "fair", 2: "good"}
    model.save_pretrained(tmp_path)
    grown = load_pretrained(str(tmp_path), ("good", "new", "bad"), seed=1).model
    assert grown.config.id2label == {0: "good", 1: "new", 2: "bad"}
    assert torch.equal(grown.classifier.weight[[0, 2]], model.classifier.weight[[2, 0]])
    assert not torch.equal(grown.classifier.weight[1], model.classifier.weight[1])


def test_a_model_of_our_own_goes_on_with_other_labels(tmp_path):
    config = TransformerClassifierConfig(vocab_size=50, d_model=16, nhead=2, num_layers=1, id2label={0: "x", 1: "y"})
    ours = TransformerClassifier(config)
    ours.save_pretrained(tmp_path)
    grown = load_pretrained(str(tmp_path), ("y", "z", "x"), seed=1)
    assert torch.equal(grown.head2.weight[[0, 2]], ours.head2.weight[[1, 0]])
    assert grown.classify(rows(), LENGTHS).shape == (4, 3)


@pytest.mark.parametrize("labels", [("y", "x"), ("y", "z", "x"), ("y",), ("z", "w")])
@pytest.mark.parametrize("kind", ["transformer", "sentence"])
def test_weights_of_n_grams_go_with_their_classes_by_name(kind, labels, tmp_path):
    sizes = {"ngrams": 30, "ngram_characters": 100, "id2label": {0: "x", 1: "y"}}
    if kind == "transformer":
        ours = TransformerClassifier(
            TransformerClassifierConfig(vocab_size=50, d_model=16, nhead=2, num_layers=1, **sizes)
        )
    else:
        encoder = BertConfig(vocab_size=50, **SIZES).to_dict()
        ours = SentenceClassifier(SentenceClassifierConfig(encoder=encoder, ngram_pieces=50, **sizes))
    ours.ngrams.learn_pieces([f"{number % 7}{number % 3}" for number in range(50)])
    (_, words), _ = ours.ngrams.list_ngrams(rows(), LENGTHS)
    known = np.unique(words.numpy())[:30]
    ours.ngrams.adopt(known, np.ones(len(known), np.int64), 4)
    ours.config.ngrams = len(known)
    torch.nn.init.normal_(ours.ngrams.weight)
    ours.save_pretrained(tmp_path)
    grown = load_pretrained(str(tmp_path), labels, seed=1)
    after = grown.ngrams if kind == "transformer" else grown.model.ngrams
    before = ours.ngrams(rows(), LENGTHS)  # (B, 2): of x, of y
    found = after(rows(), LENGTHS)
    for place, label in enumerate(labels):
        expected = before[:, "xy".index(label)] if label in "xy" else torch.zeros(len(LENGTHS))
        torch.testing.assert_close(found[:, place], expected)
    assert grown.classify(rows(), LENGTHS).shape == (4, len(labels))


def test_a_sentence_encoder_is_pooled_by_the_mean(tmp_path):
    BertModel(BertConfig(vocab_size=50, **SIZES)).save_pretrained(tmp_path)
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_mean_tokens": True}))
    assert isinstance(load_pretrained(str(tmp_path), ("a", "b"), seed=1).model, SentenceClassifier)


def test_equal_seeds_give_equal_heads(tmp_path):
    BertModel(BertConfig(vocab_size=50, **SIZES)).save_pretrained(tmp_path)
    heads = [load_pretrained(str(tmp_path), ("a", "b"), seed).model.classifier.weight for seed in (1, 1, 2)]
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])


def test_what_is_no_model_is_told_in_one_line(tmp_path):
    with pytest.raises(InputError, match="holds no model"):
        load_pretrained(str(tmp_path), ("a", "b"), seed=1)
    with pytest.raises(InputError, match="`no-such/model` is not on this machine, and the hub cannot be reached"):
        load_pretrained("no-such/model", ("a", "b"), seed=1)


@pytest.mark.parametrize(
    ("name", "depth"),
    [
        ("model.bert.embeddings.word_embeddings.weight", 0),
        ("model.encoder.encoder.layer.0.output.dense.weight", 1),
        ("layers.5.qkv.weight", 6),
        ("model.classifier.weight", 7),
        ("model.bert.pooler.dense.weight", 7),
    ],
)
def test_depth_of_a_parameter(name, depth):
    assert find_depth(name, layers=6) == depth


def test_weights_that_all_layers_share_are_frozen_with_all_layers_and_not_left_to_the_head():
    shared = "model.encoder.albert_layer_groups.0.albert_layers.0.ffn.weight"
    assert shares_layers(shared)
    assert not shares_layers("model.encoder.encoder.layer.0.output.dense.weight")
    tree = nn.Module()
    tree.config = SimpleNamespace(num_hidden_layers=6)
    for name in (shared, "model.embeddings.weight", "classifier.weight"):
        at = tree
        *path, last = name.split(".")
        for part in path:
            if not hasattr(at, part):
                at.add_module(part, nn.Module())
            at = getattr(at, part)
        at.register_parameter(last, nn.Parameter(torch.zeros(1)))
    for freeze, learning in (("0", [True, False, True]), ("6", [False, False, True]), ("all", [False, False, True])):
        _freeze(tree, TrainConfig(pretrained="albert", freeze=freeze))
        assert [each.requires_grad for each in tree.parameters()] == learning
    with pytest.raises(InputError, match="6 layers of this model share their weights"):
        _freeze(tree, TrainConfig(pretrained="albert", freeze="3"))
