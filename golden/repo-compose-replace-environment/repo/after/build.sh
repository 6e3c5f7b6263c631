earth --env-file-path=/dev/null +all ${REG+--REG="$REG"} ${TAG+--compose_TAG="$TAG"} ${A+--A="$A"} ${C+--C="$C"} ${TOKEN+--TOKEN="$TOKEN"} ${SUFFIX+--SUFFIX="$SUFFIX"} && docker compose build
earth --env-file-path=/dev/null ./app+docker --image="${REG-reg.example.com}"/app:"${TAG:-3}" --A="${A:-5}" --B='price is ''$'5 ${C+--C="$C"} --TOKEN="${TOKEN:?set a token}"
TAG=4 docker compose build app
earth --env-file-path=/dev/null ./job+docker --image="${REG:-reg.example.com}"/job:"${TAG-3}"-"${SUFFIX:-plain}" --TAG="${TAG-3}"
earth --env-file-path=/dev/null ./app+docker --image="${REG-reg.example.com}"/app:"${TAG:-3}" --B='price is ''$'5 ${C+--C="$C"} --TOKEN="${TOKEN:?set a token}" --A=7 && earth --env-file-path=/dev/null ./job+docker --image="${REG:-reg.example.com}"/job:"${TAG-3}"-"${SUFFIX:-plain}" --TAG="${TAG-3}" --A=7
