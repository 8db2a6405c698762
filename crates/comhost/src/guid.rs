//! Identifiers of classes and interfaces.

use std::fmt;
use std::str::FromStr;

/// A GUID, laid out as COM passes it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Guid {
    data1: u32,
    data2: u16,
    data3: u16,
    data4: [u8; 8],
}

impl Guid {
    /// The GUID whose hexadecimal digits read as this number.
    pub const fn new(number: u128) -> Self {
        Self {
            data1: (number >> 96) as u32,
            data2: (number >> 80) as u16,
            data3: (number >> 64) as u16,
            data4: (number as u64).to_be_bytes(),
        }
    }

    const fn number(self) -> u128 {
        (self.data1 as u128) << 96
            | (self.data2 as u128) << 80
            | (self.data3 as u128) << 64
            | u64::from_be_bytes(self.data4) as u128
    }
}

impl fmt::Display for Guid {
    /// `{4C4A5E40-732C-11D0-8816-00A0C903B83C}`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tail = self.number() as u64;
        let (clock, node) = (tail >> 48, tail & 0xffff_ffff_ffff);
        write!(f, "{{{:08X}-{:04X}-{:04X}-{clock:04X}-{node:012X}}}", self.data1, self.data2, self.data3)
    }
}

impl FromStr for Guid {
    type Err = String;

    /// With or without braces, in either case.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a class identifier such as {}", CLSID_SERVER_EXIT);
        let bare = text.trim();
        let bare = bare.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(bare);
        let groups: Vec<&str> = bare.split('-').collect();
        let shape: Vec<usize> = groups.iter().map(|group| group.len()).collect();
        if shape != [8, 4, 4, 4, 12] || !bare.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        u128::from_str_radix(&groups.concat(), 16).map(Self::new).map_err(|_| wrong())
    }
}

/// `IUnknown`
pub const IID_UNKNOWN: Guid = Guid::new(0x00000000_0000_0000_c000_000000000046);
/// `IClassFactory`
pub const IID_CLASS_FACTORY: Guid = Guid::new(0x00000001_0000_0000_c000_000000000046);
/// `IDispatch`
pub const IID_DISPATCH: Guid = Guid::new(0x00020400_0000_0000_c000_000000000046);
/// `IErrorInfo`
pub const IID_ERROR_INFO: Guid = Guid::new(0x1cf2b120_547d_101b_8e65_08002b2bd119);
/// `ICreateErrorInfo`
#[cfg(unix)]
pub const IID_CREATE_ERROR_INFO: Guid = Guid::new(0x22f03340_547d_101b_8e65_08002b2bd119);
/// The null GUID, which `IDispatch` takes for its reserved parameter.
pub const IID_NULL: Guid = Guid::new(0);

/// `ICertExit`
pub const IID_CERT_EXIT: Guid = Guid::new(0xe19ae1a0_7364_11d0_8816_00a0c903b83c);
/// `ICertExit2`
pub const IID_CERT_EXIT2: Guid = Guid::new(0x0abf484b_d049_464d_a7ed_552e7529b0ff);
/// `ICertPolicy`
pub const IID_CERT_POLICY: Guid = Guid::new(0x38bb5a00_7636_11d0_b413_00a0c91bbf8c);
/// `ICertPolicy2`
pub const IID_CERT_POLICY2: Guid = Guid::new(0x3db4910e_8001_4bf1_aa1b_f43a808317a0);
/// `ICertManageModule`
pub const IID_CERT_MANAGE_MODULE: Guid = Guid::new(0xe7d7ad42_bd3d_11d1_9a4d_00c04fc297eb);
/// `ICertServerExit`
pub const IID_SERVER_EXIT: Guid = Guid::new(0x4ba9eb90_732c_11d0_8816_00a0c903b83c);
/// `ICertServerPolicy`
pub const IID_SERVER_POLICY: Guid = Guid::new(0xaa000922_ffbe_11cf_8800_00a0c903b83c);
/// `ICertEncodeBitString`
pub const IID_ENCODE_BIT_STRING: Guid = Guid::new(0x6db525be_1278_11d1_9bd4_00c04fb683fa);
/// `ICertEncodeStringArray`
pub const IID_ENCODE_STRING_ARRAY: Guid = Guid::new(0x12a88820_7494_11d0_8816_00a0c903b83c);
/// `ICertEncodeLongArray`
pub const IID_ENCODE_LONG_ARRAY: Guid = Guid::new(0x15e2f230_a0a2_11d0_8821_00a0c903b83c);
/// `ICertEncodeDateArray`
pub const IID_ENCODE_DATE_ARRAY: Guid = Guid::new(0x2f9469a0_a470_11d0_8821_00a0c903b83c);
/// `ICertEncodeCRLDistInfo`
pub const IID_ENCODE_CRL_DIST_INFO: Guid = Guid::new(0x01958640_bbff_11d0_8825_00a0c903b83c);
/// `ICertEncodeAltName`
pub const IID_ENCODE_ALT_NAME: Guid = Guid::new(0x1c9a8c70_1271_11d1_9bd4_00c04fb683fa);
/// `ICertEncodeBitString2`
pub const IID_ENCODE_BIT_STRING2: Guid = Guid::new(0xe070d6e7_23ef_4dd2_8242_ebd9c928cb30);
/// `ICertEncodeStringArray2`
pub const IID_ENCODE_STRING_ARRAY2: Guid = Guid::new(0x9c680d93_9b7d_4e95_9018_4ffe10ba5ada);
/// `ICertEncodeLongArray2`
pub const IID_ENCODE_LONG_ARRAY2: Guid = Guid::new(0x4efde84a_bd9b_4fc2_a108_c347d478840f);
/// `ICertEncodeDateArray2`
pub const IID_ENCODE_DATE_ARRAY2: Guid = Guid::new(0x99a4edb5_2b8e_448d_bf95_bba8d7789dc8);
/// `ICertEncodeCRLDistInfo2`
pub const IID_ENCODE_CRL_DIST_INFO2: Guid = Guid::new(0xb4275d4b_3e30_446f_ad36_09d03120b078);
/// `ICertEncodeAltName2`
pub const IID_ENCODE_ALT_NAME2: Guid = Guid::new(0xf67fe177_5ef1_4535_b4ce_29df15e2e0c3);
/// `ICertConfig`
pub const IID_CERT_CONFIG: Guid = Guid::new(0x372fce34_4324_11d0_8810_00a0c903b83c);

/// `CCertServerExit`
pub const CLSID_SERVER_EXIT: Guid = Guid::new(0x4c4a5e40_732c_11d0_8816_00a0c903b83c);
/// `CCertServerPolicy`
pub const CLSID_SERVER_POLICY: Guid = Guid::new(0xaa000926_ffbe_11cf_8800_00a0c903b83c);
/// `CCertEncodeBitString`
pub const CLSID_ENCODE_BIT_STRING: Guid = Guid::new(0x6d6b3cd8_1278_11d1_9bd4_00c04fb683fa);
/// `CCertEncodeStringArray`
pub const CLSID_ENCODE_STRING_ARRAY: Guid = Guid::new(0x19a76fe0_7494_11d0_8816_00a0c903b83c);
/// `CCertEncodeLongArray`
pub const CLSID_ENCODE_LONG_ARRAY: Guid = Guid::new(0x4e0680a0_a0a2_11d0_8821_00a0c903b83c);
/// `CCertEncodeDateArray`
pub const CLSID_ENCODE_DATE_ARRAY: Guid = Guid::new(0x301f77b0_a470_11d0_8821_00a0c903b83c);
/// `CCertEncodeCRLDistInfo`
pub const CLSID_ENCODE_CRL_DIST_INFO: Guid = Guid::new(0x01fa60a0_bbff_11d0_8825_00a0c903b83c);
/// `CCertEncodeAltName`
pub const CLSID_ENCODE_ALT_NAME: Guid = Guid::new(0x1cfc4cda_1271_11d1_9bd4_00c04fb683fa);
/// `CCertConfig`
pub const CLSID_CERT_CONFIG: Guid = Guid::new(0x372fce38_4324_11d0_8810_00a0c903b83c);
/// Our default policy module. The class has no published identifier: modules find it by its ProgID.
pub const CLSID_DEFAULT_POLICY: Guid = Guid::new(0x5f0b6c1e_3a52_4d0e_9f3c_8a1c7d24b690);
/// The management class of our default policy module.
pub const CLSID_DEFAULT_POLICY_MANAGE: Guid = Guid::new(0x5f0b6c1e_3a52_4d0e_9f3c_8a1c7d24b691);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn text_and_bytes_agree() {
        let text = "{4C4A5E40-732C-11D0-8816-00A0C903B83C}";
        assert_eq!(CLSID_SERVER_EXIT.to_string(), text);
        for form in [text, "4c4a5e40-732c-11d0-8816-00a0c903b83c", " {4c4a5e40-732c-11d0-8816-00a0c903b83c} "] {
            assert_eq!(form.parse::<Guid>().unwrap(), CLSID_SERVER_EXIT, "{form}");
        }
        assert_eq!(CLSID_SERVER_EXIT.data4, [0x88, 0x16, 0x00, 0xa0, 0xc9, 0x03, 0xb8, 0x3c]);
        for wrong in ["", "{}", "4c4a5e40732c11d0881600a0c903b83c", "4c4a5e40-732c-11d0-8816-00a0c903b83", "{4c4a5e40"]
        {
            assert!(wrong.parse::<Guid>().is_err(), "{wrong}");
        }
    }
}
