"""A number is no id until somebody says of what."""

from szunion.domain.values import BatchId


def approve(batch: BatchId) -> BatchId:
    return batch


approve(7)  # bad: arg-type
