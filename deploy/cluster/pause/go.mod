module madseg/pause

go 1.26
