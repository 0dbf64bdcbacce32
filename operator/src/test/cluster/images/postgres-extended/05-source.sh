# Is a part of the entry point, so what comes later sees it.
BY=sourced
