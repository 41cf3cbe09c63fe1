// Written by syntonic.constants.cuda_header(); change it there.
#ifndef SRT_CONSTANTS_CUH
#define SRT_CONSTANTS_CUH

#define SRT_PHI (0x1.9e3779b97f4a8p+0)
#define SRT_PHI_INV (0x1.3c6ef372fe950p-1)
#define SRT_SQRT5 (0x1.1e3779b97f4a8p+1)
#define SRT_PHI_WORD_0 (0x1.9e3779b97f4a8p+0)
#define SRT_PHI_WORD_1 (-0x1.f506319fcfd19p-55)
#define SRT_PHI_WORD_2 (0x1.b906821044ed8p-109)
#define SRT_PHI_WORD_3 (-0x1.8bb1b5c0f272cp-165)
#define SRT_PHI_WORD_4 (0x1.1d0c18e952768p-220)
// The modes of a residual connection: see residual_mode.cuh.
#define SRT_MODE_PHI {(acc_t)SRT_PHI_INV, (acc_t)1}
#define SRT_MODE_SYMMETRIC {(acc_t)1, (acc_t)SRT_PHI_INV}
#define SRT_MODE_STANDARD {(acc_t)1, (acc_t)1}

#endif
