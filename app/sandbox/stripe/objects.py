"""Stripe's objects as its API answers them, at version 2026-10-28.endive (https://docs.stripe.com/api).

Fields that a plain card payment leaves empty are given as Stripe gives them: null, or an empty list.
"""

from typing import Any

Thing = dict[str, Any]

NO_ADDRESS = {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None}
EVIDENCE = (
    "access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure",
    "cancellation_rebuttal", "customer_communication", "customer_email_address", "customer_name",
    "customer_purchase_ip", "customer_signature", "duplicate_charge_documentation", "duplicate_charge_explanation",
    "duplicate_charge_id", "product_description", "receipt", "refund_policy", "refund_policy_disclosure",
    "refund_refusal_explanation", "service_date", "service_documentation", "shipping_address", "shipping_carrier",
    "shipping_date", "shipping_documentation", "shipping_tracking_number", "uncategorized_file",
    "uncategorized_text",
)  # fmt: skip


def listing(url: str, data: list[Thing], *, has_more: bool = False) -> Thing:
    return {"object": "list", "url": url, "data": data, "has_more": has_more}


def session(name: str, *, now: int, live: bool, origin: str, **fields: Any) -> Thing:
    subscription = fields["mode"] == "subscription"
    return {
        "id": name,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "after_expiration": None,
        "allow_promotion_codes": None,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": None,
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "created": now,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer": None,
        "customer_account": None,
        "customer_creation": "always" if subscription else "if_required",
        "customer_details": None,
        "discounts": [],
        "invoice": None,
        "invoice_creation": None,
        "livemode": live,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "always" if subscription else "if_required",
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": None,
        "subscription": None,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{origin}/c/pay/{name}",
        "wallet_options": None,
        **fields,
    }


def payment_intent(name: str, *, now: int, live: bool, **fields: Any) -> Thing:
    return {
        "id": name,
        "object": "payment_intent",
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{name}_secret_SANDBOX",
        "confirmation_method": "automatic",
        "created": now,
        "customer": None,
        "customer_account": None,
        "description": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": live,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
        **fields,
    }


def charge(name: str, *, now: int, live: bool, last4: str, **fields: Any) -> Thing:
    card = {"brand": "visa", "country": "US", "exp_month": 12, "exp_year": 2034, "funding": "credit", "last4": last4}
    return {
        "id": name,
        "object": "charge",
        "amount_captured": fields["amount"],
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "billing_details": {"address": NO_ADDRESS, "email": None, "name": None, "phone": None, "tax_id": None},
        "calculated_statement_descriptor": "ARCANA SANDBOX",
        "captured": True,
        "created": now,
        "customer": None,
        "description": None,
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": live,
        "metadata": {},
        "on_behalf_of": None,
        "outcome": None,
        "paid": True,
        "payment_method": None,
        "payment_method_details": {"card": card, "type": "card"},
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "succeeded",
        "transfer_data": None,
        "transfer_group": None,
        **fields,
    }


def refund(name: str, *, now: int, **fields: Any) -> Thing:
    return {
        "id": name,
        "object": "refund",
        "created": now,
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": {},
        "reason": None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
        **fields,
    }


def balance_transaction(name: str, *, now: int, **fields: Any) -> Thing:
    return {
        "id": name,
        "object": "balance_transaction",
        "available_on": now + 2 * 86400,
        "balance_type": "payments",
        "created": now,
        "description": None,
        "exchange_rate": None,
        "fee": 0,
        "fee_details": [],
        "net": fields["amount"],
        "reporting_category": fields["type"],
        "status": "pending",
        **fields,
    }


def dispute(name: str, *, now: int, live: bool, **fields: Any) -> Thing:
    details = {"due_by": now + 7 * 86400, "has_evidence": False, "past_due": False, "submission_count": 0}
    return {
        "id": name,
        "object": "dispute",
        "balance_transactions": [],
        "created": now,
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {**details, "enhanced_eligibility": {}, "submission_method": "not_submitted"},
        "is_charge_refundable": False,
        "livemode": live,
        "metadata": {},
        "reason": "fraudulent",
        "status": "needs_response",
        **fields,
    }


def price(name: str, *, now: int, live: bool, currency: str, amount: int, product: str, interval: str) -> Thing:
    recurring = {"interval": interval, "interval_count": 1, "meter": None, "trial_period_days": None}
    return {
        "id": name,
        "object": "price",
        "active": False,
        "billing_scheme": "per_unit",
        "created": now,
        "currency": currency,
        "custom_unit_amount": None,
        "livemode": live,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": product,
        "recurring": {**recurring, "usage_type": "licensed"},
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring",
        "unit_amount": amount,
        "unit_amount_decimal": str(amount),
    }


def plan_of(price: Thing) -> Thing:
    return {
        "id": price["id"],
        "object": "plan",
        "active": False,
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": "per_unit",
        "created": price["created"],
        "currency": price["currency"],
        "interval": price["recurring"]["interval"],
        "interval_count": 1,
        "livemode": price["livemode"],
        "metadata": {},
        "meter": None,
        "nickname": None,
        "product": price["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


def event(name: str, *, now: int, live: bool, kind: str, version: str, about: Thing) -> Thing:
    return {
        "id": name,
        "object": "event",
        "api_version": version,
        "created": now,
        "data": {"object": about},
        "livemode": live,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }
