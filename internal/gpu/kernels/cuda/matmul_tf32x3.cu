#include "matmul_mma.h"

MATMULS(TF32X3)
