"""Work at warehouses and stores, parcels, labels and carriers."""
