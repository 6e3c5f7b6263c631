src/main/java/App.java
