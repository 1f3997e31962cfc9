"""The windows; nothing else imports Qt."""
