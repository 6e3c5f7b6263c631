# target "no" {}
group "default" {
  targets = ["app"]
}
target "app" {
  context = "."
  tags = ["app:1"]
}
  target "db" {
}
