"""The screen of `txt explore -i`, and labeling a cluster from it."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from txt.cli.console import say
from txt.config import ExploreConfig, LabelConfig, PrepareConfig
from txt.data.reading.how_read import ReadingOptions
from txt.data.reading.source import name_output
from txt.errors import InputError

if TYPE_CHECKING:
    from txt.exploration.exploration import Cluster, Exploration


def open_screen(exploration: "Exploration", options: ExploreConfig, reading: PrepareConfig) -> None:
    """Run the screen; where a cluster is to be labeled, run the labeling screen on it, and come back."""
    from txt.exploration.cluster_names import give_names
    from txt.screens.explore.screen import ExploreApp

    found = exploration.find_clusters(options.clusters)
    give_names(exploration.corpus, found)
    chosen = 0
    while wish := ExploreApp(exploration.corpus, found, chosen).run():
        chosen = wish.cluster
        _label_cluster(exploration, found.clusters[chosen], reading, whole=wish.whole)


def _label_cluster(exploration: "Exploration", cluster: "Cluster", reading: PrepareConfig, *, whole: bool) -> None:
    """Run the labeling screen on the rows of a cluster, the most typical first; `whole` begins with labeling all."""
    from txt.data.reading.open_rows import read_to_end
    from txt.labeling.open_labels import open_labels
    from txt.labeling.queue import QueueView
    from txt.screens.label.app import LabelApp
    from txt.screens.label.options import LabelScreenOptions
    from txt.wording.exploration import name_cluster

    corpus = exploration.corpus
    config, asked = LabelConfig(store=reading.label_store), ReadingOptions.of(reading)
    with closing(open_labels(Path(corpus.path), config, asked, need_store=False, need_classes=False)) as opened:
        for _ in read_to_end(opened.rows, opened.asked, opened.kept):
            pass
        if opened.rows.index.hashes.tolist() != corpus.hashes.tolist():
            raise InputError("the data file has changed since it was explored", "explore it again")
        session = opened.session(need_classes=False)
        session.set_view(QueueView(name_cluster(cluster), cluster.rows, ranked=True))
        export = Path(name_output(corpus.path, "labeled").name)
        kept = None if not opened.kept.exists() else opened.kept
        LabelApp(session, LabelScreenOptions(opened.asked, kept, export, label_all=whole)).run()
        session.leave()
        say(f"{len(session.pace.sitting):,} rows labeled one by one in this sitting")
