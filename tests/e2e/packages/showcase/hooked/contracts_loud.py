import deal

deal.module_load(deal.has())
print("said at import")
value = 2
