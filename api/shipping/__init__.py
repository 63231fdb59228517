"""Work of warehouses and stores, parcels, labels and carriers."""
