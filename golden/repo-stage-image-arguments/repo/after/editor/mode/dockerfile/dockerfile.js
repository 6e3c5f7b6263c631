// Highlights Dockerfiles.
export const mode = "dockerfile"
