"""Messages to customers, channels, ERP, CRM and subscribers on their way out."""
