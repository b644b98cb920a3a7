${file:circle.sql}
