import deal

deal.module_load(deal.has(), deal.safe)
value = 1
