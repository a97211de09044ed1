"""Arcana: a headless WooCommerce backend-for-frontend for Telegram tarot readings."""

from app.kit.backports import backport

backport()
