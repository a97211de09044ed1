"""WooCommerce's books: each paid order and each refund stands there once, however long the store was away.

`enter` is called in the transaction that pays an order or ends a refund; the rest happens in the worker.
"""

from app.payments.books.outbox import SEND_JOB, enter, reopen_of_person

__all__ = ["SEND_JOB", "enter", "reopen_of_person"]
