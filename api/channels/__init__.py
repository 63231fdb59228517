"""What channels push, what they are told of stock, and what they had and we had not."""
