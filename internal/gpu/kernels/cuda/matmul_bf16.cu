#include "matmul_mma.h"

MATMULS(BF16)
