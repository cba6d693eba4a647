"""Will this Chicago taxi passenger tip over 20 % of the fare?"""
