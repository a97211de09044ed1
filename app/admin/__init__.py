"""Who may use `/api/v1/admin`: staff, as Telegram and the settings know them."""
