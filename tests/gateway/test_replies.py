"""What is found out of a response's head."""

from corsproxy.core.messages import ResponseHead
from corsproxy.gateway.replies import Framing, Reply


def test_a_reply_persists_and_has_no_length_unless_told_otherwise():
    head = ResponseHead(204, b"No Content", ())
    assert Reply(head, Framing.NONE) == (head, Framing.NONE, True, 0)
