/*
 * The names and numbers of the contract: properties, attributes, flags of extensions, dispositions, registry values. Names of
 * properties are compared without case. What each property means is in docs/modules/properties.md.
 */
#ifndef EXEUNT_CERTSRV_H
#define EXEUNT_CERTSRV_H

#include "certadm.h"
#include "certcli.h"
#include "certenc.h"
#include "certexit.h"
#include "certif.h"
#include "certmod.h"
#include "certpol.h"

/* --- types of properties --------------------------------------------------------------------------------------------------- */

#define PROPTYPE_LONG 0x1
#define PROPTYPE_DATE 0x2
#define PROPTYPE_BINARY 0x3
#define PROPTYPE_STRING 0x4
#define PROPTYPE_MASK 0xff
#define PROPCALLER_SERVER 0x100
#define PROPCALLER_POLICY 0x200
#define PROPCALLER_EXIT 0x300
#define PROPCALLER_ADMIN 0x400
#define PROPCALLER_REQUEST 0x500
#define PROPCALLER_MASK 0xf00
#define PROPFLAGS_INDEXED 0x10000

/* --- answers of a policy module -------------------------------------------------------------------------------------------- */

#define VR_PENDING 0
#define VR_INSTANT_OK 1
#define VR_INSTANT_BAD 2

/* --- flags of an extension ------------------------------------------------------------------------------------------------- */

#define EXTENSION_CRITICAL_FLAG 0x1
#define EXTENSION_DISABLE_FLAG 0x2
#define EXTENSION_DELETE_FLAG 0x4
#define EXTENSION_POLICY_MASK 0xffff
#define EXTENSION_ORIGIN_REQUEST 0x10000
#define EXTENSION_ORIGIN_POLICY 0x20000
#define EXTENSION_ORIGIN_ADMIN 0x30000
#define EXTENSION_ORIGIN_SERVER 0x40000
#define EXTENSION_ORIGIN_RENEWALCERT 0x50000
#define EXTENSION_ORIGIN_IMPORTEDCERT 0x60000
#define EXTENSION_ORIGIN_PKCS7 0x70000
#define EXTENSION_ORIGIN_CMC 0x80000
#define EXTENSION_ORIGIN_CACERT 0x90000
#define EXTENSION_ORIGIN_MASK 0xf0000

/* --- Request.Disposition --------------------------------------------------------------------------------------------------- */

#define DB_DISP_ACTIVE 8
#define DB_DISP_PENDING 9
#define DB_DISP_QUEUE_MAX 9
#define DB_DISP_FOREIGN 12
#define DB_DISP_CA_CERT 15
#define DB_DISP_CA_CERT_CHAIN 16
#define DB_DISP_KRA_CERT 17
#define DB_DISP_LOG_MIN 20
#define DB_DISP_ISSUED 20
#define DB_DISP_REVOKED 21
#define DB_DISP_LOG_FAILED_MIN 30
#define DB_DISP_ERROR 30
#define DB_DISP_DENIED 31

/* --- Request.RequestFlags -------------------------------------------------------------------------------------------------- */

#define CR_FLG_FORCETELETEX 0x1
#define CR_FLG_RENEWAL 0x2
#define CR_FLG_FORCEUTF8 0x4
#define CR_FLG_CAXCHGCERT 0x8
#define CR_FLG_ENROLLONBEHALFOF 0x10
#define CR_FLG_SUBJECTUNMODIFIED 0x20
#define CR_FLG_VALIDENCRYPTEDKEYHASH 0x40
#define CR_FLG_CACROSSCERT 0x80
#define CR_FLG_ENFORCEUTF8 0x100
#define CR_FLG_DEFINEDCACERT 0x200
#define CR_FLG_CHALLENGEPENDING 0x400
#define CR_FLG_CHALLENGESATISFIED 0x800
#define CR_FLG_TRUSTONUSE 0x1000
#define CR_FLG_TRUSTEKCERT 0x2000
#define CR_FLG_TRUSTEKKEY 0x4000
#define CR_FLG_PUBLISHERROR 0x80000000

/* --- CAType ---------------------------------------------------------------------------------------------------------------- */

typedef enum {
    ENUM_ENTERPRISE_ROOTCA = 0,
    ENUM_ENTERPRISE_SUBCA = 1,
    ENUM_STANDALONE_ROOTCA = 3,
    ENUM_STANDALONE_SUBCA = 4,
    ENUM_UNKNOWN_CA = 5
} ENUM_CATYPES;

/* --- names in a subject ---------------------------------------------------------------------------------------------------- */

#define wszPROPDISTINGUISHEDNAME L"DistinguishedName"
#define wszPROPRAWNAME L"RawName"
#define wszPROPCOUNTRY L"Country"
#define wszPROPORGANIZATION L"Organization"
#define wszPROPORGUNIT L"OrgUnit"
#define wszPROPCOMMONNAME L"CommonName"
#define wszPROPLOCALITY L"Locality"
#define wszPROPSTATE L"State"
#define wszPROPTITLE L"Title"
#define wszPROPGIVENNAME L"GivenName"
#define wszPROPINITIALS L"Initials"
#define wszPROPSURNAME L"SurName"
#define wszPROPDOMAINCOMPONENT L"DomainComponent"
#define wszPROPEMAIL L"EMail"
#define wszPROPSTREETADDRESS L"StreetAddress"
#define wszPROPUNSTRUCTUREDNAME L"UnstructuredName"
#define wszPROPUNSTRUCTUREDADDRESS L"UnstructuredAddress"
#define wszPROPDEVICESERIALNUMBER L"DeviceSerialNumber"
#define wszPROPSUBJECTDOT L"Subject."
#define wszPROPREQUESTDOT L"Request."
#define wszPROPSUBJECTDISTINGUISHEDNAME wszPROPSUBJECTDOT wszPROPDISTINGUISHEDNAME
#define wszPROPSUBJECTRAWNAME wszPROPSUBJECTDOT wszPROPRAWNAME
#define wszPROPSUBJECTCOUNTRY wszPROPSUBJECTDOT wszPROPCOUNTRY
#define wszPROPSUBJECTORGANIZATION wszPROPSUBJECTDOT wszPROPORGANIZATION
#define wszPROPSUBJECTORGUNIT wszPROPSUBJECTDOT wszPROPORGUNIT
#define wszPROPSUBJECTCOMMONNAME wszPROPSUBJECTDOT wszPROPCOMMONNAME
#define wszPROPSUBJECTLOCALITY wszPROPSUBJECTDOT wszPROPLOCALITY
#define wszPROPSUBJECTSTATE wszPROPSUBJECTDOT wszPROPSTATE
#define wszPROPSUBJECTTITLE wszPROPSUBJECTDOT wszPROPTITLE
#define wszPROPSUBJECTGIVENNAME wszPROPSUBJECTDOT wszPROPGIVENNAME
#define wszPROPSUBJECTINITIALS wszPROPSUBJECTDOT wszPROPINITIALS
#define wszPROPSUBJECTSURNAME wszPROPSUBJECTDOT wszPROPSURNAME
#define wszPROPSUBJECTDOMAINCOMPONENT wszPROPSUBJECTDOT wszPROPDOMAINCOMPONENT
#define wszPROPSUBJECTEMAIL wszPROPSUBJECTDOT wszPROPEMAIL
#define wszPROPSUBJECTSTREETADDRESS wszPROPSUBJECTDOT wszPROPSTREETADDRESS
#define wszPROPSUBJECTUNSTRUCTUREDNAME wszPROPSUBJECTDOT wszPROPUNSTRUCTUREDNAME
#define wszPROPSUBJECTUNSTRUCTUREDADDRESS wszPROPSUBJECTDOT wszPROPUNSTRUCTUREDADDRESS
#define wszPROPSUBJECTDEVICESERIALNUMBER wszPROPSUBJECTDOT wszPROPDEVICESERIALNUMBER

/* --- properties of the request --------------------------------------------------------------------------------------------- */

#define wszPROPREQUESTREQUESTID L"RequestID"
#define wszPROPREQUESTRAWREQUEST L"RawRequest"
#define wszPROPREQUESTRAWARCHIVEDKEY L"RawArchivedKey"
#define wszPROPREQUESTARCHIVEDKEY L"ArchivedKey"
#define wszPROPREQUESTKEYRECOVERYHASHES L"KeyRecoveryHashes"
#define wszPROPREQUESTRAWOLDCERTIFICATE L"RawOldCertificate"
#define wszPROPREQUESTATTRIBUTES L"RequestAttributes"
#define wszPROPREQUESTTYPE L"RequestType"
#define wszPROPREQUESTFLAGS L"RequestFlags"
#define wszPROPREQUESTSTATUSCODE L"StatusCode"
#define wszPROPREQUESTDISPOSITION L"Disposition"
#define wszPROPREQUESTDISPOSITIONMESSAGE L"DispositionMessage"
#define wszPROPREQUESTSUBMITTEDWHEN L"SubmittedWhen"
#define wszPROPREQUESTRESOLVEDWHEN L"ResolvedWhen"
#define wszPROPREQUESTREVOKEDWHEN L"RevokedWhen"
#define wszPROPREQUESTREVOKEDEFFECTIVEWHEN L"RevokedEffectiveWhen"
#define wszPROPREQUESTREVOKEDREASON L"RevokedReason"
#define wszPROPREQUESTERNAME L"RequesterName"
#define wszPROPCALLERNAME L"CallerName"
#define wszPROPSIGNERPOLICIES L"SignerPolicies"
#define wszPROPSIGNERAPPLICATIONPOLICIES L"SignerApplicationPolicies"
#define wszPROPOFFICER L"Officer"
#define wszPROPATTESTATIONCHALLENGE L"AttestationChallenge"
#define wszPROPENDORSEMENTKEYHASH L"EndorsementKeyHash"
#define wszPROPENDORSEMENTCERTIFICATEHASH L"EndorsementCertificateHash"
#define wszPROPRAWPRECERTIFICATE L"RawPrecertificate"
#define wszPROPCHALLENGE L"Challenge"
#define wszPROPEXPECTEDCHALLENGE L"ExpectedChallenge"
#define wszPROPREQUESTERNAMEFROMOLDCERTIFICATE L"RequesterNameFromOldCertificate"
#define wszPROPREQUESTERCAACCESS L"RequesterCAAccess"
#define wszPROPUSERDN L"UserDN"
#define wszPROPKEYARCHIVED L"KeyArchived"

/* --- properties of the certificate ----------------------------------------------------------------------------------------- */

#define wszPROPCERTIFICATEREQUESTID L"RequestID"
#define wszPROPRAWCERTIFICATE L"RawCertificate"
#define wszPROPCERTIFICATEHASH L"CertificateHash"
#define wszPROPCERTIFICATETEMPLATE L"CertificateTemplate"
#define wszPROPCERTIFICATEENROLLMENTFLAGS L"EnrollmentFlags"
#define wszPROPCERTIFICATEGENERALFLAGS L"GeneralFlags"
#define wszPROPCERTIFICATEPRIVATEKEYFLAGS L"PrivatekeyFlags"
#define wszPROPCERTIFICATESERIALNUMBER L"SerialNumber"
#define wszPROPCERTIFICATENOTBEFOREDATE L"NotBefore"
#define wszPROPCERTIFICATENOTAFTERDATE L"NotAfter"
#define wszPROPCERTIFICATESUBJECTKEYIDENTIFIER L"SubjectKeyIdentifier"
#define wszPROPCERTIFICATERAWPUBLICKEY L"RawPublicKey"
#define wszPROPCERTIFICATEPUBLICKEYLENGTH L"PublicKeyLength"
#define wszPROPCERTIFICATEPUBLICKEYALGORITHM L"PublicKeyAlgorithm"
#define wszPROPCERTIFICATERAWPUBLICKEYALGORITHMPARAMETERS L"RawPublicKeyAlgorithmParameters"
#define wszPROPPUBLISHEXPIREDCERTINCRL L"PublishExpiredCertInCRL"
#define wszPROPCERTIFICATEUPN L"UPN"
#define wszPROPCERTIFICATETYPE L"CertificateType"
#define wszPROPCERTIFICATERAWSMIMECAPABILITIES L"RawSMIMECapabilities"
#define wszPROPNAMETYPE L"NameType"

/* --- properties of the CA -------------------------------------------------------------------------------------------------- */

#define wszPROPCATYPE L"CAType"
#define wszPROPSANITIZEDCANAME L"SanitizedCAName"
#define wszPROPSANITIZEDSHORTNAME L"SanitizedShortName"
#define wszPROPMACHINEDNSNAME L"MachineDNSName"
#define wszPROPMODULEREGLOC L"ModuleRegistryLocation"
#define wszPROPUSEDS L"fUseDS"
#define wszPROPDELTACRLSDISABLED L"fDeltaCRLsDisabled"
#define wszPROPSERVERUPGRADED L"fServerUpgraded"
#define wszPROPCONFIGDN L"ConfigDN"
#define wszPROPDOMAINDN L"DomainDN"
#define wszPROPLOGLEVEL L"LogLevel"
#define wszPROPSESSIONCOUNT L"SessionCount"
#define wszPROPTEMPLATECHANGESEQUENCENUMBER L"TemplateChangeSequenceNumber"
#define wszPROPVOLATILEMODE L"VolatileMode"
#define wszLOCALIZEDTIMEPERIODUNITS L"LocalizedTimePeriodUnits"
#define wszPROPSEAUDITFILTER L"SEAuditFilter"
#define wszPROPCERTCOUNT L"CertCount"
#define wszPROPRAWCACERTIFICATE L"RawCACertificate"
#define wszPROPCERTSTATE L"CertState"
#define wszPROPCERTSUFFIX L"CertSuffix"
#define wszPROPRAWCRL L"RawCRL"
#define wszPROPRAWDELTACRL L"RawDeltaCRL"
#define wszPROPCRLINDEX L"CRLIndex"
#define wszPROPCRLSTATE L"CRLState"
#define wszPROPCRLSUFFIX L"CRLSuffix"

/* --- set only, by a policy module ------------------------------------------------------------------------------------------ */

#define wszPROPEVENTLOGTERSE L"EventLogTerse"
#define wszPROPEVENTLOGERROR L"EventLogError"
#define wszPROPEVENTLOGWARNING L"EventLogWarning"
#define wszPROPEVENTLOGVERBOSE L"EventLogVerbose"
#define wszPROPEVENTLOGEXHAUSTIVE L"EventLogExhaustive"
#define wszPROPDCNAME L"DCName"
#define wszPROPCROSSFOREST L"CrossForest"
#define wszPROPREQUESTERSAMNAME L"RequesterSAMName"
#define wszPROPREQUESTERUPN L"RequesterUPN"
#define wszPROPREQUESTERDN L"RequesterDN"
#define wszPROPSEAUDITID L"SEAuditId"

/* --- attributes of a request ----------------------------------------------------------------------------------------------- */

#define wszPROPCERTTEMPLATE L"CertificateTemplate"
#define wszPROPCERTTYPE L"CertType"
#define wszPROPCERTUSAGE L"CertificateUsage"
#define wszPROPVALIDITYPERIODSTRING L"ValidityPeriod"
#define wszPROPVALIDITYPERIODCOUNT L"ValidityPeriodUnits"
#define wszPROPEXPIRATIONDATE L"ExpirationDate"
#define wszPROPSUBJECTALTNAME2 L"san"
#define wszPROPEXITCERTFILE L"CertFile"
#define wszPROPDISPOSITION L"Disposition"
#define wszPROPDISPOSITIONDENY L"Deny"
#define wszPROPDISPOSITIONPENDING L"Pending"
#define wszPROPREQUESTOSVERSION L"RequestOSVersion"
#define wszPROPREQUESTCSPPROVIDER L"RequestCSPProvider"
#define wszPROPCLIENTBROWSERMACHINE L"cbm"
#define wszPROPCERTCLIENTMACHINE L"ccm"
#define wszPROPCLIENTDCDNS L"cdc"
#define wszPROPREQUESTMACHINEDNS L"rmd"
#define wszPROPDNS L"dns"
#define wszPROPDN L"dn"
#define wszPROPURL L"url"
#define wszPROPIPADDRESS L"ipaddress"
#define wszPROPGUID L"guid"
#define wszPROPOID L"oid"
#define wszPROPUPN L"upn"
#define wszPROPUTF8TAG L"{utf8}"
#define wszPROPOCTETTAG L"{octet}"
#define wszPROPASNTAG L"{asn}"
#define wszCERT_TYPE L"RequestType"
#define wszCERT_VERSION L"Version"
#define wszPERIODYEARS L"Years"
#define wszPERIODMONTHS L"Months"
#define wszPERIODWEEKS L"Weeks"
#define wszPERIODDAYS L"Days"
#define wszPERIODHOURS L"Hours"
#define wszPERIODMINUTES L"Minutes"
#define wszPERIODSECONDS L"Seconds"

/* --- registry -------------------------------------------------------------------------------------------------------------- */

#define wszSERVICE_NAME L"CertSvc"
#define wszREGKEYCONFIG L"Configuration"
#define wszREGKEYEXITMODULES L"ExitModules"
#define wszREGKEYPOLICYMODULES L"PolicyModules"
#define wszREGACTIVE L"Active"
#define wszREGCERTPUBLISHFLAGS L"PublishCertFlags"
#define wszCRLPUBLISHRETRYCOUNT L"CRLPublishRetryCount"
#define wszREGREQUESTDISPOSITION L"RequestDisposition"
#define wszREGEDITFLAGS L"EditFlags"
#define wszREGCAPATHLENGTH L"CAPathLength"
#define wszREGREVOCATIONTYPE L"RevocationType"
#define wszREGREVOCATIONURL L"RevocationURL"
#define wszREGISSUERCERTURLFLAGS L"IssuerCertURLFlags"
#define wszREGENABLEREQUESTEXTENSIONLIST L"EnableRequestExtensionList"
#define wszREGENABLEENROLLEEREQUESTEXTENSIONLIST L"EnableEnrolleeRequestExtensionList"
#define wszREGDISABLEEXTENSIONLIST L"DisableExtensionList"
#define wszREGSUBJECTALTNAME L"SubjectAltName"
#define wszREGSUBJECTALTNAME2 L"SubjectAltName2"
#define wszREGUPNMAP L"UPNMap"
#define wszREGDEFAULTSMIME L"DefaultSMIME"
#define wszREGEXITSMTPKEY L"SMTP"
#define wszREGEXITSMTPTEMPLATES L"Templates"
#define wszREGEXITSMTPEVENTFILTER L"EventFilter"
#define wszREGEXITSMTPSERVER L"SMTPServer"
#define wszREGEXITSMTPAUTHENTICATE L"SMTPAuthenticate"
#define wszREGEXITDENIEDKEY L"Denied"
#define wszREGEXITISSUEDKEY L"Issued"
#define wszREGEXITPENDINGKEY L"Pending"
#define wszREGEXITREVOKEDKEY L"Revoked"
#define wszREGEXITCRLISSUEDKEY L"CRLIssued"
#define wszREGEXITSHUTDOWNKEY L"Shutdown"
#define wszREGEXITSTARTUPKEY L"Startup"
#define wszREGEXITIMPORTEDKEY L"Imported"
#define wszREGEXITSMTPFROM L"From"
#define wszREGEXITSMTPTO L"To"
#define wszREGEXITSMTPCC L"Cc"
#define wszREGEXITTITLEFORMAT L"TitleFormat"
#define wszREGEXITTITLEARG L"TitleArg"
#define wszREGEXITBODYFORMAT L"BodyFormat"
#define wszREGEXITBODYARG L"BodyArg"
#define wszREGEXITPROPNOTFOUND L"\?\?\?"
#define wszREGKEYCERTSVCPATH L"SYSTEM\\CurrentControlSet\\Services\\" wszSERVICE_NAME
#define wszREGKEYCONFIGPATH wszREGKEYCERTSVCPATH L"\\" wszREGKEYCONFIG
#define wszREGKEYCONFIGPATH_BS wszREGKEYCONFIGPATH L"\\"

#define EXITPUB_FILE 0x1
#define EXITPUB_ACTIVEDIRECTORY 0x2
#define EXITPUB_REMOVEOLDCERTS 0x10
#define EXITPUB_DEFAULT_ENTERPRISE EXITPUB_ACTIVEDIRECTORY
#define EXITPUB_DEFAULT_STANDALONE EXITPUB_FILE
#define REQDISP_PENDING 0x0
#define REQDISP_ISSUE 0x1
#define REQDISP_DENY 0x2
#define REQDISP_USEREQUESTATTRIBUTE 0x3
#define REQDISP_MASK 0xff
#define REQDISP_PENDINGFIRST 0x100
#define REQDISP_DEFAULT_STANDALONE (REQDISP_PENDINGFIRST|REQDISP_ISSUE)
#define REQDISP_DEFAULT_ENTERPRISE REQDISP_ISSUE
#define CAPATHLENGTH_INFINITE 0xffffffff

#define EDITF_ENABLEREQUESTEXTENSIONS 0x1
#define EDITF_REQUESTEXTENSIONLIST 0x2
#define EDITF_DISABLEEXTENSIONLIST 0x4
#define EDITF_ADDOLDKEYUSAGE 0x8
#define EDITF_ADDOLDCERTTYPE 0x10
#define EDITF_ATTRIBUTEENDDATE 0x20
#define EDITF_BASICCONSTRAINTSCRITICAL 0x40
#define EDITF_BASICCONSTRAINTSCA 0x80
#define EDITF_ENABLEAKIKEYID 0x100
#define EDITF_ATTRIBUTECA 0x200
#define EDITF_IGNOREREQUESTERGROUP 0x400
#define EDITF_ENABLEAKIISSUERNAME 0x800
#define EDITF_ENABLEAKIISSUERSERIAL 0x1000
#define EDITF_ENABLEAKICRITICAL 0x2000
#define EDITF_SERVERUPGRADED 0x4000
#define EDITF_ATTRIBUTEEKU 0x8000
#define EDITF_ENABLEDEFAULTSMIME 0x10000
#define EDITF_EMAILOPTIONAL 0x20000
#define EDITF_ATTRIBUTESUBJECTALTNAME2 0x40000
#define EDITF_ENABLELDAPREFERRALS 0x80000
#define EDITF_ENABLECHASECLIENTDC 0x100000
#define EDITF_AUDITCERTTEMPLATELOAD 0x200000
#define EDITF_DISABLEOLDOSCNUPN 0x400000
#define EDITF_DISABLELDAPPACKAGELIST 0x800000
#define EDITF_ENABLEUPNMAP 0x1000000
#define EDITF_ENABLEOCSPREVNOCHECK 0x2000000
#define EDITF_ENABLERENEWONBEHALFOF 0x4000000
#define EDITF_ENABLEKEYENCIPHERMENTCACERT 0x8000000
#define EDITF_DEFAULT_STANDALONE 0x83ee
#define EDITF_DEFAULT_ENTERPRISE 0x11014e

#define REVEXT_CDPENABLE 0x100
#define REVEXT_ASPENABLE 0x200
#define ISSCERT_ENABLE 0x100

/* --- levels of the log ----------------------------------------------------------------------------------------------------- */

#define CERTLOG_MINIMAL ((DWORD)0)
#define CERTLOG_TERSE ((DWORD)1)
#define CERTLOG_ERROR ((DWORD)2)
#define CERTLOG_WARNING ((DWORD)3)
#define CERTLOG_VERBOSE ((DWORD)4)
#define CERTLOG_EXHAUSTIVE ((DWORD)5)

/* --- names of classes ------------------------------------------------------------------------------------------------------ */

#define wszCLASS_CERTCONFIG L"CertificateAuthority.Config"
#define wszCLASS_CERTSERVEREXIT L"CertificateAuthority.ServerExit"
#define wszCLASS_CERTSERVERPOLICY L"CertificateAuthority.ServerPolicy"
#define wszMICROSOFTCERTMODULE_PREFIX L"CertificateAuthority_MicrosoftDefault"
#define wszCERTMANAGE_SUFFIX L"Manage"
#define wszCERTEXITMODULE_POSTFIX L".Exit"
#define wszCERTPOLICYMODULE_POSTFIX L".Policy"
#define wszCERTMANAGEEXIT_POSTFIX wszCERTEXITMODULE_POSTFIX wszCERTMANAGE_SUFFIX
#define wszCERTMANAGEPOLICY_POSTFIX wszCERTPOLICYMODULE_POSTFIX wszCERTMANAGE_SUFFIX
#define wszCLASS_CERTEXIT wszMICROSOFTCERTMODULE_PREFIX wszCERTEXITMODULE_POSTFIX
#define wszCLASS_CERTPOLICY wszMICROSOFTCERTMODULE_PREFIX wszCERTPOLICYMODULE_POSTFIX
#define wszCLASS_CERTMANAGEEXITMODULE wszMICROSOFTCERTMODULE_PREFIX wszCERTMANAGEEXIT_POSTFIX
#define wszCLASS_CERTMANAGEPOLICYMODULE wszMICROSOFTCERTMODULE_PREFIX wszCERTMANAGEPOLICY_POSTFIX

#endif
