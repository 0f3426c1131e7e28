import signal
import socket
import subprocess
import sys
from multiprocessing.connection import Connection

from tests.waiting import PATIENCE_SECONDS
from txt.data.reading.open_rows import open_rows
from txt.data.reading.rows import ReadingOptions
from txt.labeling.query import parse_query
from txt.labeling.scanner import FindRequest, Indexed, MakeIndex


def test_a_search_that_never_ends_ends_its_process_even_when_the_screen_is_gone(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("text\n" + "a" * 40 + "\n")
    asked = ReadingOptions()
    rows = open_rows(path, asked, tmp_path / "kept")
    ours, theirs = socket.socketpair()
    code = f"from txt.labeling import scanner; scanner._MOST_SECONDS = 1; scanner.serve({theirs.fileno()})"
    with theirs:
        process = subprocess.Popen([sys.executable, "-c", code], pass_fds=[theirs.fileno()])
    connection = Connection(ours.detach())
    connection.send(MakeIndex(rows.path, rows.form, asked, None))
    while not isinstance(connection.recv(), Indexed):
        pass
    connection.send(FindRequest(1, parse_query("/(a+)+b$/", ["text"], [], [])))
    connection.close()
    assert process.wait(PATIENCE_SECONDS) == -signal.SIGALRM
