docker build -t {{ .Values.image }} .
