import pytest
import torch

from txt.export import modeling_transformer
from txt.export.padded_ngrams import PaddedNgrams
from txt.model import classifier
from txt.model.ngrams import NgramLogits


@pytest.mark.parametrize(
    "options",
    [
        {"d_model": 16, "nhead": 2},
        {"d_model": 30, "nhead": 5},
        {"d_model": 16, "nhead": 2, "norm_first": True},
        {"d_model": 16, "nhead": 2, "norm_first": True, "ngrams": 40, "ngram_characters": 150},
        {"d_model": 16, "nhead": 2, "norm_first": True, "ngrams": 40, "ngram_characters": 150, "ngram_hashing": 2},
        {"d_model": 16, "nhead": 2, "norm_first": True, "ngrams": 40, "ngram_characters": 150, "ngram_hashing": 3},
    ],
)
def test_padded_rows_give_the_logits_of_flat_ones(options: dict[str, int]):
    torch.manual_seed(0)
    sizes = {"vocab_size": 50, "num_layers": 2, "num_labels": 3, **options}
    flat = classifier.TransformerClassifier(classifier.TransformerClassifierConfig(**sizes)).eval()
    lengths = [1, 9, 4, 4]
    ids = torch.randint(5, 50, (4, 9))
    mask = (torch.arange(9) < torch.tensor(lengths)[:, None]).long()
    tokens = ids[mask.bool()]
    if flat.ngrams is not None:
        _teach(flat.ngrams, tokens, lengths)
    ours = modeling_transformer.TransformerClassifier(modeling_transformer.TransformerClassifierConfig(**sizes)).eval()
    ours.load_state_dict(flat.state_dict())
    with torch.inference_mode():
        expected = flat.classify(tokens, lengths)
        torch.testing.assert_close(ours(ids, mask).logits, expected)
        torch.testing.assert_close(ours(ids * mask, mask).logits, expected)
        if flat.ngrams is not None:
            wide = flat.ngrams(tokens, lengths)
            assert wide.abs().max() > 0.1
            torch.testing.assert_close(PaddedNgrams(flat.ngrams)(ids * mask, mask), wide)


def _teach(ngrams: NgramLogits, tokens: torch.Tensor, lengths: list[int]) -> None:
    """Let n-grams learn three letters for each entry, and as many of the rows' n-grams as there is room for."""
    pieces = [
        f"{'(' if number % 5 == 1 else number % 7}{number % 3}{'.' if number % 5 == 2 else 'x'}" for number in range(50)
    ]
    ngrams.learn_pieces([f"##{piece}" if number % 9 == 0 else piece for number, piece in enumerate(pieces)], "##")
    ngrams.learn_ngrams([(tokens, lengths)], 40)
    assert ngrams.weight.shape == (40, 3)
    torch.nn.init.normal_(ngrams.weight)
