#!/bin/sh
set -e
earth ./base+docker --LEVEL=3 "--REV=$REV"
earth ./mid+docker "--REV=$REV"
earth ./app+docker --FROM_IMAGE=r1mid
earth ./base+tools-image
earth ./uses-tools+docker
earth ./same+docker
earth ./same+two
