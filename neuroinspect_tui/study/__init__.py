"""The paper's evaluation by people: a quiz about what neurons see, and how it is scored."""
