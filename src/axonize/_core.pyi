"""The C version has the types of the Python version."""

from axonize.buffer import RingBuffer as RingBuffer
from axonize.context import set_root_parent as set_root_parent
from axonize.otlp import encode_spans as encode_spans
from axonize.pipeline import configure as configure
from axonize.source import reseed as reseed
from axonize.source import set_test_source as set_test_source
from axonize.spans import Span as Span
from axonize.step_log import StepLog as StepLog
from axonize.step_log import follow_schedule as follow_schedule
from axonize.step_log import follow_update as follow_update
