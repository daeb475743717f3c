module goomtrain/internal/simd/matmul/compare

go 1.26.0

require goomtrain v0.0.0

require golang.org/x/sys v0.49.0 // indirect

replace goomtrain => ../../../..
