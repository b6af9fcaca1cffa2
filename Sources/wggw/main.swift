print("wggw")
