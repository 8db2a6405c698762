/* Of the administration interface only the constants that modules use: states of a CA certificate and of its CRL. */
#ifndef EXEUNT_CERTADM_H
#define EXEUNT_CERTADM_H

#define CA_DISP_INCOMPLETE 0
#define CA_DISP_ERROR 0x1
#define CA_DISP_REVOKED 0x2
#define CA_DISP_VALID 0x3
#define CA_DISP_INVALID 0x4
#define CA_DISP_UNDER_SUBMISSION 0x5

#define CA_CRL_BASE 0x1
#define CA_CRL_DELTA 0x2
#define CA_CRL_REPUBLISH 0x10

#endif
