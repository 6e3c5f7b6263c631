class Welcome {}
