"""Spans and a counter, kept in memory."""

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


def facts():
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("showcase")
    with tracer.start_as_current_span("outer") as outer, tracer.start_as_current_span("inner") as inner:
        inner.set_attribute("answer", 42)
        same = inner.get_span_context().trace_id == outer.get_span_context().trace_id
    reader = InMemoryMetricReader()
    counter = MeterProvider([reader], shutdown_on_exit=False).get_meter("showcase").create_counter("calls")
    counter.add(2, {"kind": "a"})
    counter.add(3, {"kind": "a"})
    (resource,) = reader.get_metrics_data().resource_metrics
    (point,) = resource.scope_metrics[0].metrics[0].data.data_points
    spans = exporter.get_finished_spans()
    return {
        "spans": [[span.name, dict(span.attributes)] for span in spans],
        "one trace": same,
        "counted": [point.value, dict(point.attributes)],
    }
