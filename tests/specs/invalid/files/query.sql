SELECT *
FROM t -- éé ${no_such}
