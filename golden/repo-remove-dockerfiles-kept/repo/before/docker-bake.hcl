target "bake" {
  context = "bake"
}
